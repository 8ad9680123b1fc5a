import Foundation
import Glioma
import ImageFiles
import Imaging

/// How much of the recurrence the plans cover.
struct EvaluateGlioma: Stage {
  static let name = "glioma.evaluate"
  static let summary = "Coverage and IoU of the recurrence by each plan."
  static let inputs =
    PreparedPatient.inputs + [
      StageInput("recurrence", from: "prepare/recurrence.nii.gz", "the recurrence", need: .condition),
      StageInput("density", from: "solve/density.nii.gz", "fraction of tumour cells"),
      StageInput("standard", from: "plan/standard_ctv.nii.gz", "standard plan"),
      StageInput("geodesic", from: "plan/geodesic_ctv.nii.gz", "geodesic plan"),
      StageInput("model", from: "plan/model_ctv.nii.gz", "model plan"),
      StageInput("union", from: "plan/union_ctv.nii.gz", "union"),
    ]
  static let outputs = [StageOutput("coverage.json", "per plan coverage and IoU", role: .metrics)]

  private struct Output: Encodable {
    var plans: [String: RecurrenceCoverage]
    var recurrenceVoxels: Int
    var equalCoverageVoxels: Int?

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      var values: [String: [String: Double]] = plans.mapValues { ["coverage": $0.coverage, "iou": $0.iou] }
      values["recurrence"] = ["voxels": Double(recurrenceVoxels)]
      if let equalCoverageVoxels {
        values["model_at_standard_coverage"] = ["voxels": Double(equalCoverageVoxels)]
      }
      try container.encode(values)
    }
  }

  func run(_ context: StageContext) throws {
    func mask(_ name: String) throws -> Mask {
      try NIfTIFile(path: context.input(name).path).readLabels().volume.map { $0 > 0 ? 1 : 0 }
    }
    let recurrence = try mask("recurrence")
    var plans: [String: RecurrenceCoverage] = [:]
    for name in ["standard", "geodesic", "model", "union"] {
      plans["\(name)_ctv"] = RecurrenceCoverage(plan: try mask(name), recurrence: recurrence)
    }
    let (patient, _) = try PreparedPatient.read(context)
    let density = try NIfTIFile(path: context.input("density").path).readVolume().volume
    let standard = try mask("standard")
    let ranking = DensityRanking(patient, density: density)
    let covered = standard.voxels.indices.reduce(0) {
      $0 + (standard.voxels[$1] > 0 && recurrence.voxels[$1] > 0 ? 1 : 0)
    }
    try writeJSON(
      Output(
        plans: plans, recurrenceVoxels: recurrence.voxels.reduce(0) { $0 + Int($1) },
        equalCoverageVoxels: ranking.voxelsCovering(covered, of: recurrence)),
      to: context.output("coverage.json"))
  }
}

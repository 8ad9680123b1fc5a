import Foundation
import Glioma
import ImageFiles
import Imaging

/// Draws target volumes from the density.
struct PlanGlioma: Stage {
  static let name = "glioma.plan"
  static let summary = "Standard margin, model plan of equal volume, union, PTV and an illustrative dose."
  static let parameters = [
    Parameter("margin_mm", \PlanGlioma.margin, "margin of the standard plan around the core", in: 0...60),
    Parameter(
      "setup_margin_mm", \PlanGlioma.setupMargin, "margin from clinical to planning target", in: 0...20),
    Parameter("prescription_gy", \PlanGlioma.prescription, "prescribed dose", in: 1...100),
    Parameter("penumbra_mm", \PlanGlioma.penumbra, "standard deviation of the dose's edge", in: 0.5...30),
  ]
  static let inputs =
    PreparedPatient.inputs + [StageInput("density", from: "solve/density.nii.gz", "fraction of tumour cells")]
  static let outputs = [
    StageOutput("standard_ctv.nii.gz", "brain within the margin of the core"),
    StageOutput("geodesic_ctv.nii.gz", "the same by distances around barriers"),
    StageOutput("model_ctv.nii.gz", "highest density, same volume as the standard plan", role: .mask),
    StageOutput("union_ctv.nii.gz", "standard or model plan"),
    StageOutput("ptv.nii.gz", "model plan with the set-up margin"),
    StageOutput("dose.nii.gz", "illustrative dose in Gy, not of a treatment planning system"),
    StageOutput("plan.json", "volumes, overlaps and the dose-volume table", role: .metrics),
  ]

  var margin = 15.0
  var setupMargin = 3.0
  var prescription = 60.0
  var penumbra = 5.0

  private struct Output: Encodable {
    var volumes: [String: Double]
    var dose: [String: IllustrativeDose.Row]
    var notice = "Research use only; not a treatment plan."

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      for (name, value) in volumes { try container.encode(value, forKey: Key(name)) }
      try container.encode(dose, forKey: Key("dose"))
      try container.encode(notice, forKey: Key("notice"))
    }
  }
  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  func run(_ context: StageContext) throws {
    let (patient, header) = try PreparedPatient.read(context)
    let density = try NIfTIFile(path: context.input("density").path).readVolume().volume
    guard density.shape == patient.segmentation.shape else {
      throw GliomaError.gridMismatch(
        image: "density", found: "\(density.shape)", expected: "\(patient.segmentation.shape)")
    }
    let plan = RadiotherapyPlan(patient, density: density, margin: margin, setupMargin: setupMargin)
    try context.progress(0.6, "dose")
    let dose = IllustrativeDose(
      target: plan.planningTarget, prescription: prescription, penumbra: penumbra)
    let writer = NIfTIWriter(like: header)
    let masks = [
      ("standard_ctv", plan.standard), ("geodesic_ctv", plan.geodesic), ("model_ctv", plan.model),
      ("union_ctv", plan.union), ("ptv", plan.planningTarget),
    ]
    let voxel = patient.segmentation.grid.voxelVolume
    var volumes: [String: Double] = ["voxel_mm3": voxel]
    for (name, mask) in masks {
      try writer.write(mask: mask, to: context.output("\(name).nii.gz").path)
      let count = mask.voxels.reduce(0) { $0 + Int($1) }
      volumes["\(name)_voxels"] = Double(count)
      volumes["\(name)_mm3"] = Double(count) * voxel
      // Healthy tissue: what the plan covers beyond the visible tumour.
      let healthy = mask.voxels.indices.reduce(0) {
        $0 + (mask.voxels[$1] > 0 && patient.segmentation.voxels[$1] == 0 ? 1 : 0)
      }
      volumes["\(name)_healthy_mm3"] = Double(healthy) * voxel
    }
    let total = density.voxels.reduce(0.0) { $0 + Double($1) }
    for (name, mask) in masks.prefix(4) where total > 0 {
      let inside = mask.voxels.indices.reduce(0.0) {
        $0 + (mask.voxels[$1] > 0 ? Double(density.voxels[$1]) : 0)
      }
      volumes["\(name)_cell_coverage"] = inside / total
    }
    let overlap = RecurrenceCoverage(plan: plan.model, recurrence: plan.standard)
    volumes["plans_iou"] = overlap.iou
    try writer.write(dose.dose, to: context.output("dose.nii.gz").path)
    var rows: [String: IllustrativeDose.Row] = [:]
    for (name, mask) in masks + [("gtv", plan.grossTumor), ("brain", patient.brain)] {
      rows[name] = dose.row(of: mask)
    }
    try writeJSON(Output(volumes: volumes, dose: rows), to: context.output("plan.json"))
  }
}

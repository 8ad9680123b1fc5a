import Foundation
import Glioma
import ImageAnalysis
import ImageFiles
import Imaging

/// Synthetic glioma patients with the truth beside the inputs.
struct SynthesizeGlioma: Synthesis {
  enum Operator: String, ParameterChoice { case correct, compat }

  static let name = "glioma"
  static let summary = "Tumours grown in a brain phantom or a given tissue map, one folder a patient."
  static let parameters = [
    Parameter("foci", \SynthesizeGlioma.foci, "number of origins: 1 or 3", in: 1...3),
    Parameter(
      "tissue", \SynthesizeGlioma.tissue, "tissue label map (1 CSF, 2 grey, 3 white) instead of the phantom"),
    Parameter("shape", \SynthesizeGlioma.shape, "voxels of the phantom along x, y, z"),
    Parameter("spacing_mm", \SynthesizeGlioma.spacing, "voxel size of the phantom, in mm", in: 0.5...4),
    Parameter("operator", \SynthesizeGlioma.scheme, "correct, or the published generator's faces"),
  ]

  var foci = 1
  var tissue: InputFile?
  var shape = [80, 96, 80]
  var spacing = 2.0
  var scheme = Operator.correct

  func validate() throws {
    guard foci != 2 else { throw WrongValue(found: "2", expected: "foci: 1 or 3") }
    guard shape.count == 3, shape.allSatisfy({ (24...320).contains($0) }) else {
      throw WrongValue(found: "\(shape)", expected: "shape: three numbers from 24 to 320")
    }
  }

  private struct Truth: Encodable {
    var parameters: SyntheticGlioma
    var durationDays = SyntheticGlioma.duration
  }

  func write(index: Int, seed: UInt64, into folder: URL) throws -> [URL] {
    let (white, gray, fluid): (Volume<Float>, Volume<Float>, Volume<Float>)
    if let tissue {
      let map = try NIfTIFile(path: tissue.url.path).readVolume().volume
      func part(_ label: Float) -> Volume<Float> { map.map { abs($0 - label) < 0.5 ? 1 : 0 } }
      (white, gray, fluid) = (part(3), part(2), part(1))
    } else {
      (white, gray, fluid) = BrainPhantom.tissue(
        shape: VoxelShape(shape[0], shape[1], shape[2]), spacing: spacing)
    }
    let drawn = SyntheticGlioma(index: index, seed: seed, focusCount: foci)
    let patient = drawn.grow(
      white: white, gray: gray, scheme: scheme == .correct ? .correct : .compatForward,
      seed: seed &+ UInt64(index))
    let number = String(repeating: "0", count: max(0, 3 - String(index).count)) + "\(index)"
    let home = folder.appendingPathComponent("patient_\(foci)T_\(number)")
    let truth = home.appendingPathComponent("truth")
    try FileManager.default.createDirectory(at: truth, withIntermediateDirectories: true)
    let bytes = { (volume: Volume<Float>) in volume.map { UInt8((min(max($0, 0), 1) * 200).rounded()) } }
    let writer = NIfTIWriter(compressionLevel: 6)
    func place(_ name: String) -> URL { home.appendingPathComponent(name) }
    try writer.write(labels: patient.segmentation, to: place("segm.nii.gz").path)
    // Fractions in steps of 1/200: the reader divides both maps by their common maximum.
    try writer.write(bytes(white), to: place("wm.nii.gz").path)
    try writer.write(bytes(gray), to: place("gm.nii.gz").path)
    try writer.write(bytes(fluid), to: place("csf.nii.gz").path)
    try writer.write(bytes(patient.pet), to: place("pet.nii.gz").path)
    try writer.write(patient.density, to: truth.appendingPathComponent("density.nii.gz").path)
    try writeJSON(Truth(parameters: drawn), to: truth.appendingPathComponent("parameters.json"))
    return ["segm", "wm", "gm", "csf", "pet"].map { place("\($0).nii.gz") } + [truth]
  }
}

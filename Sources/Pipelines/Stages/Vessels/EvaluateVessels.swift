import Foundation
import ImageFiles
import Imaging
import Metrics
import Reports

/// Scores a vessel mask against a label.
struct EvaluateVessels: Stage {
  static let name = "vessels.evaluate"
  static let summary = "Scores of the vessels against a label."
  static let parameters = [
    Parameter(
      "nsd_tolerance_mm", \EvaluateVessels.tolerance,
      "how far surfaces may lie apart for the NSD, in mm",
      in: 0...100)
  ]
  static let inputs = [
    StageInput("vessels", from: "clean/vessels.nii.gz", "the vessels"),
    StageInput(
      "label", from: "label", "what they should be; every value but 0 is vessel", need: .condition),
    StageInput("image", from: "prepare/image.nii.gz", "the image", need: .optional),
  ]
  static let outputs = [
    StageOutput("metrics.json", "the scores; null where undefined", role: .metrics),
    StageOutput(
      "beyond.json", "whether the vessels found beyond the label stand out from their surroundings",
      role: .optional),
  ]

  var tolerance = 1.0

  func run(_ context: StageContext) throws {
    let scores = try MaskEvaluation(nsdTolerance: tolerance).scores(
      prediction: context.input("vessels"), reference: context.input("label"))
    try JSONText.encode(scores).write(to: context.output("metrics.json"))
    try context.progress(0.7)
    guard let url = context.optionalInput("image") else { return }
    let image = try NIfTIFile(path: url.path).readVolume().volume
    let vessels = try NIfTIFile(path: context.input("vessels").path).readMask(.anyLabel).volume
    let label = try NIfTIFile(path: context.input("label").path).readMask(.anyLabel).volume
    guard image.shape == label.shape else { return }
    let contrast = CentrelineContrast(of: vessels, beyond: label, in: image)
    try JSONText.encode(Beyond(contrast)).write(to: context.output("beyond.json"))
  }
}

/// What `beyond.json` holds.
private struct Beyond: Encodable {
  let centrelineVoxels: Int
  let visibleShare: Double?
  let medianContrastToNoise: Double?
  let tissueContrastToNoise: Double?

  init(_ contrast: CentrelineContrast) {
    centrelineVoxels = contrast.count
    visibleShare = contrast.visibleShare
    medianContrastToNoise = contrast.median
    tissueContrastToNoise = contrast.tissueMedian
  }

  enum CodingKeys: String, CodingKey {
    case centrelineVoxels = "centreline_voxels_beyond_label"
    case visibleShare = "visible_share"
    case medianContrastToNoise = "median_contrast_to_noise"
    case tissueContrastToNoise = "tissue_contrast_to_noise"
  }
}

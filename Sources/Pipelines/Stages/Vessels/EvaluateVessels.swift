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
  ]
  static let outputs = [
    StageOutput("metrics.json", "the scores; null where undefined", role: .metrics)
  ]

  var tolerance = 1.0

  func run(_ context: StageContext) throws {
    let scores = try MaskEvaluation(nsdTolerance: tolerance).scores(
      prediction: context.input("vessels"), reference: context.input("label"))
    try JSONText.encode(scores).write(to: context.output("metrics.json"))
  }
}

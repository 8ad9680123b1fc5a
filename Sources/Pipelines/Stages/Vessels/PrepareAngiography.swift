import Foundation
import ImageAnalysis
import ImageFiles
import Imaging

/// Reads the angiography, brings its intensities to a common range, and finds the head.
struct PrepareAngiography: Stage {
  enum Zero: String, ParameterChoice { case percentile, origin }

  static let name = "vessels.prepare"
  static let summary = "Reads the image and scales its intensities."
  static let parameters = [
    Parameter(
      "percentiles", \PrepareAngiography.percentiles,
      "the two percentiles of the intensities that become 0 and 1; values beyond them are kept, not clipped"
    ),
    Parameter(
      "zero", \PrepareAngiography.zero,
      "what becomes 0: the lower percentile, or the image's own 0, as networks are trained"),
    Parameter("time_point", \PrepareAngiography.timePoint, "which volume of a 4D image, from 0"),
  ]
  static let inputs = [StageInput("image", from: "input", "the angiography (NIfTI)")]
  static let outputs = [StageOutput("image.nii.gz", "the image with scaled intensities")]

  var percentiles = [1.0, 99.9]
  var zero = Zero.percentile
  var timePoint: Int?

  func validate() throws {
    guard percentiles.count == 2, percentiles[0] >= 0, percentiles[0] < percentiles[1],
      percentiles[1] <= 100
    else {
      throw WrongValue(
        found: percentiles.json.plainText,
        expected: "percentiles: two rising numbers between 0 and 100")
    }
  }

  func run(_ context: StageContext) throws {
    let file = try NIfTIFile(path: context.input("image").path)
    let image = try file.readVolume(at: timePoint)
    for finding in image.findings where finding.severity != .note { context.warn(finding.message) }
    try context.progress(0.5)
    let ends = image.volume.percentiles(percentiles)
    let (lower, high) = (Float(ends[0]), Float(ends[1]))
    // An image with nothing above its own 0 has no scale there.
    let low = zero == .origin && high > 0 ? 0 : lower
    if high <= lower {
      context.warn("the image is constant between the percentiles; there is nothing to find")
    }
    let scale = high > low ? 1 / (high - low) : 0
    let scaled = image.volume.map { ($0 - low) * scale }
    try context.progress(0.7)
    try NIfTIWriter(like: image.header, displayRange: 0...1)
      .write(scaled, to: context.output("image.nii.gz").path)
  }
}

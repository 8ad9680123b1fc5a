import ImageAnalysis
import ImageFiles
import Imaging

/// Makes a mask of a map: what is above the high threshold, and what is above the low one and hangs together with it.
struct ThresholdVessels: Stage {
  enum Source: String, ParameterChoice { case vesselness, intensity, product }

  static let name = "vessels.threshold"
  static let summary = "Hysteresis threshold of the vesselness, the intensity or their product."
  static let parameters = [
    Parameter("source", \ThresholdVessels.source, "what is compared with the thresholds"),
    Parameter("high", \ThresholdVessels.high, "voxels above it are vessel"),
    Parameter(
      "low", \ThresholdVessels.low, "voxels above it are vessel where connected to one above high"),
  ]
  static let inputs = [
    StageInput("vesselness", from: "enhance/vesselness.nii.gz", "the answer of the filter, 0 to 1"),
    StageInput("image", from: "prepare/image.nii.gz", "the image with scaled intensities"),
  ]
  static let outputs = [StageOutput("mask.nii.gz", "the mask before cleaning")]

  var source = Source.vesselness
  var high = 0.2
  var low = 0.1

  func validate() throws {
    guard low <= high else {
      throw WrongValue(found: "low \(low) above high \(high)", expected: "low at most high")
    }
  }

  func run(_ context: StageContext) throws {
    let vesselness = try NIfTIFile(path: context.input("vesselness").path).readVolume()
    var map = vesselness.volume
    if source != .vesselness {
      let image = try NIfTIFile(path: context.input("image").path).readVolume().volume
      try GridComparison.require(
        image.grid, of: context.input("image"), matches: map.grid, of: context.input("vesselness"))
      if source == .intensity {
        map = image
      } else {
        image.withVoxels { image in
          map.withMutableVoxels { map in for p in map.indices { map[p] *= max(0, image[p]) } }
        }
      }
    }
    try context.progress(0.4)
    let mask = map.hysteresis(low: Float(low), high: Float(high))
    try context.progress(0.8)
    try NIfTIWriter(like: vesselness.header).write(
      mask: mask, to: context.output("mask.nii.gz").path)
  }
}

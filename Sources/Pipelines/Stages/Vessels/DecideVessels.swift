import Foundation
import ImageFiles
import Imaging
import Reports
import Vessels

extension VesselDecision.Brightness: ParameterChoice {}

/// Makes the mask: a threshold on the probability, growth along bright vessels, specks removed.
struct DecideVessels: Stage {
  enum Rule: String, ParameterChoice { case model, fixed, otsu }

  static let name = "vessels.decide"
  static let summary = "The vessels: a threshold on the probability, hysteresis, small components removed."
  static let parameters = [
    Parameter(
      "rule", \DecideVessels.rule,
      "the threshold: the one stored with the model, a fixed one, or Otsu's of the map"),
    Parameter("threshold", \DecideVessels.threshold, "for rule: fixed", in: 0.001...0.999),
    Parameter(
      "low_share", \DecideVessels.lowShare,
      "voxels from this share of the threshold on are added where connected to one above it; 1 = none",
      in: 0.01...1),
    Parameter(
      "brightness", \DecideVessels.brightness,
      "whether bright voxels that go on from vessels are ignored, added, or required, so that dark ones are left out"
    ),
    Parameter(
      "bright_share", \DecideVessels.brightShare,
      "a voxel is bright from this share of the bright vessels' intensity on", in: 0.01...2),
    Parameter(
      "bright_probability", \DecideVessels.brightProbability,
      "the probability a bright voxel must have to be added", in: 0...1),
    Parameter(
      "support", \DecideVessels.support,
      "the share of a region grown by hysteresis or brightness that must reach the threshold for the rest to be taken; 0 = one voxel",
      in: 0...1),
    Parameter(
      "depth_mm", \DecideVessels.depth,
      "nothing nearer than this to the surface of the head is vessel, so that the scalp's are left out; none = no such rule"
    ),
    Parameter(
      "smallest_component_voxels", \DecideVessels.smallestComponent,
      "components of fewer voxels are removed (26-connected)", in: 0...1_000_000),
    Parameter(
      "clear_component_voxels", \DecideVessels.smallestClearComponent,
      "from this size on they stay where the image shows them clearly; none = all are removed"),
    Parameter(
      "clear_contrast", \DecideVessels.clearContrast,
      "the mean contrast-to-noise ratio to the tissue around it that a component clearly shown has",
      in: 0...100),
  ]
  static let inputs = [
    StageInput("probability", from: "segment/probability.nii.gz", "the probability of a vessel"),
    StageInput("model", from: "segment/model.json", "the threshold stored with the model", need: .optional),
    StageInput("image", from: "prepare/image.nii.gz", "the image with scaled intensities", need: .optional),
  ]
  static let outputs = [
    StageOutput("vessels.nii.gz", "the vessels: 1 inside, 0 outside", role: .mask),
    StageOutput("decision.json", "the threshold used"),
  ]

  var rule = Rule.model
  var threshold: Float = 0.5
  var lowShare: Float = 1
  var brightness = VesselDecision.Brightness.ignored
  var brightShare: Float = 0.9
  var brightProbability: Float = 0
  var support = 0.0
  var depth: Double?
  var smallestComponent = 10
  var smallestClearComponent: Int?
  var clearContrast = 3.0

  func validate() throws {
    if let depth, !(0...100).contains(depth) {
      throw WrongValue(found: "\(depth)", expected: "depth_mm: 0 to 100, or none")
    }
    if let smallestClearComponent, smallestClearComponent < 1 {
      throw WrongValue(
        found: "\(smallestClearComponent)", expected: "clear_component_voxels: 1 or more, or none")
    }
  }

  func run(_ context: StageContext) throws {
    let file = try NIfTIFile(path: context.input("probability").path)
    let probability = try file.readVolume()
    var decision = VesselDecision(high: try high(context))
    decision.lowShare = lowShare
    decision.smallestComponent = smallestComponent
    decision.clearComponents = smallestClearComponent.map {
      VesselDecision.ClearComponents(smallest: $0, contrast: clearContrast)
    }
    var image: Volume<Float>?
    if brightness != .ignored || depth != nil || smallestClearComponent != nil {
      guard let url = context.optionalInput("image") else {
        throw PipelineError.noInput(
          "stage \(context.stage): brightness, depth and clear components need the image; run stage prepare first"
        )
      }
      let read = try NIfTIFile(path: url.path).readVolume().volume
      try GridComparison.require(
        read.grid, of: url, matches: probability.volume.grid, of: context.input("probability"))
      image = read
    }
    decision.brightness = brightness
    decision.brightShare = brightShare
    decision.brightProbability = brightProbability
    decision.support = support
    decision.depth = depth
    try context.progress(0.4)
    let used = decision.threshold(for: probability.volume)
    decision.high = used
    let vessels = decision(probability.volume, image: image)
    try context.progress(0.9)
    if !vessels.voxels.contains(1) { context.warn("no vessels were found") }
    try NIfTIWriter(like: probability.header).write(
      mask: vessels, to: context.output("vessels.nii.gz").path)
    try JSONText.encode(["threshold": used]).write(to: context.output("decision.json"))
  }

  /// The threshold, nil for Otsu's.
  private func high(_ context: StageContext) throws -> Float? {
    switch rule {
    case .fixed: return threshold
    case .otsu: return nil
    case .model:
      guard let url = context.optionalInput("model") else {
        throw PipelineError.noInput(
          "stage \(context.stage): no model.json beside the probability; set rule to fixed or otsu")
      }
      return try JSONText.decode(NetworkFacts.self, from: Data(contentsOf: url)).threshold
    }
  }
}

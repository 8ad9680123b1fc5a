import Foundation
import ImageFiles
import Imaging
import NeuralNetworks
import Reports
import Vessels

/// Runs a vessel network over the image.
struct SegmentVessels: Stage {
  static let name = "vessels.segment"
  static let summary = "The probability of a vessel by a trained network, over the whole volume."
  static let parameters = [
    Parameter("model", \SegmentVessels.options.model, "the trained network (safetensors)"),
    Parameter(
      "ensemble", \SegmentVessels.options.ensemble,
      "further networks, as of the folds of a cross-validation: the mean of all probabilities and thresholds is used"
    ),
    Parameter(
      "convention", \SegmentVessels.options.convention,
      "which of the model's outputs: all vessels, or bright ones only"),
    Parameter(
      "mode", \SegmentVessels.options.mode,
      "large tiles whose halo is thrown away, or overlapping windows with Gaussian weights"),
    Parameter(
      "patch", \SegmentVessels.options.patch,
      "side of a window in voxels, halo included, a multiple of 16; none = 64, and for tiles what the memory allows"
    ),
    Parameter(
      "overlap", \SegmentVessels.options.overlap, "windows: the share of a side that overlaps its neighbour",
      in: 0...0.9),
    Parameter("halo", \SegmentVessels.options.halo, "tiles: voxels thrown away at each side", in: 0...128),
    Parameter(
      "offset", \SegmentVessels.options.offset,
      "voxels along x, y, z by which the first window begins before the volume; the result should hardly change"
    ),
    Parameter(
      "mirror", \SegmentVessels.options.mirror,
      "average over mirrored copies: along x (2 passes) or all axes (8)"),
    Parameter(
      "precision", \SegmentVessels.options.precision,
      "of the network's activations; auto = bf16 where the CPU has it"),
    Parameter(
      "memory_mib", \SegmentVessels.options.memory, "the most memory for the network, in MiB",
      in: 64...1_000_000),
    Parameter(
      "anisotropy_limit", \SegmentVessels.options.anisotropyLimit,
      "voxels longer than wide by more than this factor are resampled to cubes first", in: 1.01...1000),
    Parameter(
      "compat", \SegmentVessels.options.compat,
      "the published inference with published weights of DS6 or SPOCKMIP: 64³ windows, each divided by its maximum"
    ),
  ]
  static let inputs = [StageInput("image", from: "prepare/image.nii.gz", "the image")]
  static let outputs = [
    StageOutput("probability.nii.gz", "the probability of a vessel, 0 to 1"),
    StageOutput("model.json", "what the network is, its threshold, and how it was run"),
  ]

  var options = NetworkOptions()

  func validate() throws { try options.validate() }

  func run(_ context: StageContext) throws {
    let image = try NIfTIFile(path: context.input("image").path).readVolume()
    try context.progress(0.02)
    let network = try options.load()
    try context.progress(0.05)
    let answer = try options.segment(image.volume, network, context) {
      try context.progress(0.05 + 0.9 * $0, network.label)
    }
    try answer.write(like: image.header, context)
  }
}

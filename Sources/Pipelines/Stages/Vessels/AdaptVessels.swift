import Foundation
import ImageFiles
import Imaging
import NeuralNetworks
import Vessels

/// Fine-tunes a vessel network on the scan itself, then runs it again.
struct AdaptVessels: Stage {
  static let name = "vessels.adapt"
  static let summary = "The probability of a vessel by a network fine-tuned on this scan with a proxy mask."
  static let parameters = [
    Parameter("model", \AdaptVessels.options.model, "the trained network to start from (safetensors)"),
    Parameter("convention", \AdaptVessels.options.convention, "which of the model's outputs"),
    Parameter("steps", \AdaptVessels.adaptation.steps, "optimiser steps", in: 1...100_000),
    Parameter("batch", \AdaptVessels.adaptation.batch, "patches a step", in: 1...64),
    Parameter(
      "learning_rate", \AdaptVessels.adaptation.learningRate, "the highest rate of Adam", in: 1e-8...0.1),
    Parameter("seed", \AdaptVessels.seed, "of patches and augmentations", in: 0...1_000_000_000),
    Parameter(
      "mode", \AdaptVessels.options.mode, "large tiles, or overlapping windows with Gaussian weights"),
    Parameter("patch", \AdaptVessels.options.patch, "side of a window in voxels, a multiple of 16, or none"),
    Parameter("overlap", \AdaptVessels.options.overlap, "windows: the share that overlaps", in: 0...0.9),
    Parameter("halo", \AdaptVessels.options.halo, "tiles: voxels thrown away at each side", in: 0...128),
    Parameter("mirror", \AdaptVessels.options.mirror, "average over mirrored copies"),
    Parameter("precision", \AdaptVessels.options.precision, "of the network's activations"),
    Parameter(
      "memory_mib", \AdaptVessels.options.memory, "the most memory for inference, in MiB", in: 64...1_000_000),
  ]
  static let inputs = [
    StageInput("image", from: "prepare/image.nii.gz", "the image"),
    StageInput("proxy", from: "propose/vessels.nii.gz", "the mask to believe: the first answer, or your own"),
  ]
  static let outputs = [
    StageOutput("probability.nii.gz", "the probability of a vessel, 0 to 1"),
    StageOutput("model.json", "what the network is, its threshold, and how it was run"),
    StageOutput("model.safetensors", "the fine-tuned network"),
  ]

  var options = NetworkOptions()
  var adaptation = TestTimeAdaptation()
  var seed = 1

  func validate() throws { try options.validate() }

  func run(_ context: StageContext) throws {
    let image = try NIfTIFile(path: context.input("image").path).readVolume()
    let proxy = try NIfTIFile(path: context.input("proxy").path).readMask(.anyLabel).volume
    try GridComparison.require(
      proxy.grid, of: context.input("proxy"), matches: image.volume.grid, of: context.input("image"))
    var network = try options.load()
    if proxy.voxels.contains(where: { $0 != 0 }) {
      var adaptation = adaptation
      adaptation.seed = UInt64(seed)
      adaptation.precision = Plan.Precision(rawValue: options.precision.rawValue) ?? .automatic
      network.model = try adaptation(
        network.model, channel: network.channel, volume: image.volume, proxy: proxy
      ) { share, loss in
        try context.progress(0.7 * share, "loss \(String(format: "%.3f", loss))")
      }
    } else {
      context.warn("the proxy mask is empty; the network is used as it is")
    }
    try network.model.write(to: context.output("model.safetensors"), type: .bfloat16)
    let answer = try options.segment(image.volume, network, context) {
      try context.progress(0.7 + 0.28 * $0, network.label)
    }
    try answer.write(like: image.header, context)
  }
}

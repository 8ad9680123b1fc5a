import Foundation
import Imaging
import Metrics
import NeuralNetworks
import Vessels

/// Scores models on whole scans that they were not trained on.
struct VesselValidation {
  let volumes: [TrainingVolume]
  let normalization: IntensityNormalization

  /// Windows of `side` voxels: tiles with a halo, or with patch normalisation those of the published inference.
  private func windows(side: Int) -> SlidingWindow {
    let patch = VoxelShape(side, side, side)
    guard normalization == .patchMaximum else { return .tiles(patch: patch, halo: 16) }
    return SlidingWindow(
      patch: patch, stride: VoxelShape(32, 32, 16), blending: .constant, patchNormalization: normalization)
  }

  /// The plan of a network over windows of `side` voxels; its memory is ``planBytes(_:)`` at most.
  private static func plan(_ design: UNet3D, side: Int) throws -> Plan {
    try design.network().compile(
      inputShape: [1, 1, side, side, side], mode: .inference, precision: .automatic)
  }

  /// The side of a window: large enough that little is computed twice.
  private var side: Int { normalization == .patchMaximum ? 64 : 96 }

  /// The memory of the network while it scores.
  func planBytes(_ design: UNet3D) throws -> Int { try Self.plan(design, side: side).memoryBytes }

  /// The probabilities of the first output for every scan, one after the other.
  private func forEachProbability(
    _ model: VesselModel, _ body: (TrainingVolume, Volume<Float>) throws -> Void
  ) throws {
    let plan = try Self.plan(model.design, side: side)
    try plan.load(model.weights)
    for volume in volumes {
      let probability = try windows(side: side).run(on: volume.image, batch: 1) { input, output in
        try plan.forward(input)
        let logits = plan.outputs[0].values
        for index in output.indices { output[index] = 1 / (1 + exp(-logits[index])) }
      }
      try body(volume, probability)
    }
  }

  /// Mean Dice and clDice at probability 0.5.
  func score(_ model: VesselModel) throws -> ValidationScore {
    var scores: [SegmentationScores] = []
    try forEachProbability(model) { volume, probability in
      let mask = probability.map { UInt8($0 >= 0.5 ? 1 : 0) }
      scores.append(
        try SegmentationScores(
          prediction: mask, reference: volume.label ?? mask, metrics: [.dice, .clDice], nsdTolerance: 1))
    }
    func mean(_ metric: SegmentationMetric) -> Double? {
      let known = scores.compactMap { $0[metric] }
      return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }
    return ValidationScore(dice: mean(.dice), clDice: mean(.clDice))
  }

  /// The probability, in steps of 0.02, from which on the mean Dice is highest; nil where no scan has a vessel.
  func bestThreshold(_ model: VesselModel) throws -> Float? {
    let bins = 50
    var sums = [Double](repeating: 0, count: bins)
    var count = 0
    try forEachProbability(model) { volume, probability in
      guard let label = volume.label else { return }
      var (inside, outside) = ([Int](repeating: 0, count: bins), [Int](repeating: 0, count: bins))
      probability.withVoxels { probabilities in
        label.withVoxels { label in
          for index in probabilities.indices {
            let bin = min(bins - 1, Int(probabilities[index] * Float(bins)))
            if label[index] != 0 { inside[bin] += 1 } else { outside[bin] += 1 }
          }
        }
      }
      let actual = inside.reduce(0, +)
      guard actual > 0 else { return }
      count += 1
      var (both, predicted) = (0, 0)
      for bin in (1..<bins).reversed() {
        both += inside[bin]
        predicted += inside[bin] + outside[bin]
        sums[bin] += 2 * Double(both) / Double(predicted + actual)
      }
    }
    guard count > 0, let best = (1..<bins).max(by: { sums[$0] < sums[$1] }) else { return nil }
    return Float(best) / Float(bins)
  }
}

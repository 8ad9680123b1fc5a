import Foundation
import ImageAnalysis
import Imaging
import NeuralNetworks
import Numerics

/// Fine-tuning of a network on the very scan it is to segment, with its own cleaned answer (or the user's mask) as the label:
/// the test-time adaptation of VesselBoost (Xu et al., Aperture Neuro 2024).
///
/// Patches around vessels and anywhere else, with the training's augmentations; focal Tversky loss that weighs both kinds of
/// error alike plus cross-entropy, at every supervised scale.
public struct TestTimeAdaptation: Codable, Sendable, Equatable {
  /// Optimiser steps.
  public var steps = 40
  /// Patches a step.
  public var batch = 2
  /// Side of a patch, divisible by 16.
  public var patch = 64
  /// The highest learning rate of Adam; it falls to zero along a cosine.
  public var learningRate = 1e-4
  /// The share of patches that hold vessels.
  public var foregroundFraction: Float = 0.8
  /// What activations are stored as.
  public var precision = Plan.Precision.automatic
  /// Seed of patches and augmentations.
  public var seed: UInt64 = 1

  /// Forty steps.
  public init() {}

  /// `model` fine-tuned for its output `channel` on `volume`, in any unit, and `proxy`, the mask to believe.
  ///
  /// - Parameter progress: Told the share done and the loss after each step; may throw to stop.
  /// - Throws: `TrainingError.diverged` where the loss is no number, `NeuralNetworkError` where memory does not suffice.
  public func callAsFunction(
    _ model: VesselModel, channel: Int, volume: Volume<Float>, proxy: Mask,
    progress: (Double, Double) throws -> Void = { _, _ in }
  ) throws -> VesselModel {
    precondition(volume.shape == proxy.shape && model.outputs.indices.contains(channel))
    let image = model.normalization(volume)
    let shape = VoxelShape(patch, patch, patch)
    let sampler = PatchSampler(patch: shape, foregroundFraction: foregroundFraction)
    let foreground = ForegroundIndex(proxy)
    var settings = Trainer.Settings(learningRate: learningRate, steps: steps)
    settings.schedule = .cosine(floor: 0)
    settings.gradientLimit = 5
    let trainer = try Trainer(
      model.design.network(), inputShape: [batch, 1, patch, patch, patch], precision: precision,
      settings: settings, seed: seed)
    trainer.start(from: model.weights)
    for step in 0..<steps {
      var (inputs, labels): ([Float], [Float]) = ([], [])
      for slot in 0..<batch {
        var stream = RandomStream(seed: seed, purpose: "test-time adaptation", indices: step, slot)
        let window = sampler.draw(in: volume.shape, foreground: foreground, using: &stream)
        let augmentation = RandomPatchAugmentation().draw(shape: shape, using: &stream)
        inputs += augmentation.applied(toImage: window.values(of: image), shape: shape)
        labels += augmentation.applied(toLabel: window.values(of: proxy).map(Float.init), shape: shape)
      }
      let report = try trainer.step([inputs]) { plans in
        let outputs = plans[0].outputs
        let pyramid = LabelPyramid(
          label: labels, shape: [batch, 1, patch, patch, patch], levels: outputs.count)
        return outputs.indices.map { level in
          let value = ChannelLoss(channel: channel, level: level, pyramid: pyramid).apply(to: plans[0])
          return Trainer.Term("scale \(level)", value)
        }
      }
      try progress(Double(step + 1) / Double(steps), report.loss)
    }
    var adapted = model
    adapted.weights = trainer.weights
    adapted.notes["adaptation"] = "\(steps) steps on one scan"
    return adapted
  }
}

/// The loss of one channel at one scale; the other channels get no gradient.
private struct ChannelLoss {
  let channel: Int
  let level: Int
  let pyramid: LabelPyramid

  func apply(to plan: Plan) -> Double {
    let (output, slopes) = (plan.outputs[level], plan.outputGradients[level].values)
    let (samples, channels) = (output.shape[0], output.shape[1])
    let size = output.values.count / (samples * channels)
    // The channel's planes side by side.
    var logits = [Float](repeating: 0, count: samples * size)
    for n in 0..<samples {
      for i in 0..<size { logits[n * size + i] = output.values[(n * channels + channel) * size + i] }
    }
    var overlap = [Float](repeating: 0, count: logits.count)
    var crossEntropy = overlap
    let shape = pyramid.shapes[level]
    let weight = [1.0, 0.66, 0.34][level]
    let value = logits.withUnsafeBufferPointer { logits in
      pyramid.levels[level].withUnsafeBufferPointer { target in
        overlap.withUnsafeMutableBufferPointer {
          FocalTverskyLoss(alpha: 0.5, on: .logits, voxelsPerEntry: pyramid.voxelsPerEntry(level))
            .evaluate(logits, target: target, shape: shape, gradient: $0)
        }
          + crossEntropy.withUnsafeMutableBufferPointer {
            BinaryCrossEntropyLoss().evaluate(logits, target: target, shape: shape, gradient: $0)
          }
      }
    }
    for n in 0..<samples {
      for i in 0..<size {
        let slope = overlap[n * size + i] + crossEntropy[n * size + i]
        slopes[(n * channels + channel) * size + i] = Float(weight) * slope
      }
    }
    return weight * value
  }
}

import Foundation
import Imaging
import Numerics
import Synchronization

/// Endless synthetic patches with their labels; part of each batch is drawn again from the last ones, turned and brightened.
///
/// Making a patch costs about as much as a tenth of a training step; replaying halves that. A replayed patch that is no longer
/// in memory, as after resuming, is made again: batches depend on seed and step only.
public final class SyntheticPatchSource: PatchSource {
  /// What patches are drawn from.
  public struct Settings: Codable, Sendable, Equatable {
    /// The angiographies.
    public var domain: RandomSyntheticAngiography
    /// The label of each channel.
    public var channels: [LabelConvention]
    /// New and replayed patches in each batch.
    public var fresh, replayed: Int
    /// Replayed patches are among the last so many.
    public var memory: Int
    /// Brightness of replayed patches is multiplied by 1/`gain` to `gain`.
    public var gain: Float

    /// Cubes of `side` voxels with both label conventions, half of each batch replayed from the last 400.
    public init(side: Int, batch: Int) {
      domain = RandomSyntheticAngiography(shape: VoxelShape(side, side, side))
      channels = [.all, .bright]
      replayed = batch / 2
      fresh = batch - batch / 2
      memory = 400
      gain = 1.2
    }
  }

  /// One patch: the image, and the label of channel c in bit c.
  private struct Sample: Sendable {
    let image: [Float]
    let labels: [UInt8]
  }

  /// What patches are drawn from.
  public let settings: Settings
  /// Seeds every patch.
  public let seed: UInt64
  private let recent = Mutex<[Int: Sample]>([:])

  /// Patches of `settings` for `seed`.
  public init(_ settings: Settings, seed: UInt64) {
    (self.settings, self.seed) = (settings, seed)
  }

  /// The new patches of step `step`, then the replayed ones.
  public func patches(step: Int) -> [TrainingPatch] {
    let next = step * settings.fresh
    recent.withLock { $0 = $0.filter { $0.key >= next - settings.memory - 2 * settings.fresh } }
    let fresh = (0..<settings.fresh).map { patch(sample(next + $0), turned: .none) }
    let replayed = (0..<settings.replayed).map { slot in
      var stream = RandomStream(seed: seed, purpose: "replay", indices: step, slot)
      let index = stream.integer(max(0, next - settings.memory)...max(0, next + settings.fresh - 1))
      var augmentation = RandomPatchAugmentation.turnsOnly.draw(shape: settings.domain.shape, using: &stream)
      let exponent = stream.uniform(-1...1)
      augmentation.gain = pow(settings.gain, exponent)
      return patch(sample(index), turned: augmentation)
    }
    return fresh + replayed
  }

  private func patch(_ sample: Sample, turned change: PatchAugmentation) -> TrainingPatch {
    let shape = settings.domain.shape
    var result = TrainingPatch(image: change.applied(toImage: sample.image, shape: shape), labels: [])
    result.labels = settings.channels.indices.flatMap { channel in
      change.applied(toLabel: sample.labels.map { Float($0 >> UInt8(channel) & 1) }, shape: shape)
    }
    return result
  }

  private func sample(_ index: Int) -> Sample {
    if let known = recent.withLock({ $0[index] }) { return known }
    let made = settings.domain.draw(seed: seed, index: index).make()
    var labels = [UInt8](repeating: 0, count: settings.domain.shape.count)
    for (channel, convention) in settings.channels.enumerated() {
      for (voxel, value) in made.label(convention).voxels.enumerated() {
        labels[voxel] |= value << UInt8(channel)
      }
    }
    let sample = Sample(image: made.image.voxels, labels: labels)
    recent.withLock { $0[index] = sample }
    return sample
  }
}

extension RandomPatchAugmentation {
  /// The 48 symmetries of the cube and nothing else.
  public static let turnsOnly: RandomPatchAugmentation = {
    var result = RandomPatchAugmentation()
    result.zoomProbability = 0
    result.elasticProbability = 0
    result.biasProbability = 0
    result.gain = 1
    result.gammaProbability = 0
    result.blurProbability = 0
    result.coarseProbability = 0
    result.noiseProbability = 0
    return result
  }()
}

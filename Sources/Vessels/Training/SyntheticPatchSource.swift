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

  /// The extent of a patch.
  public var patch: VoxelShape { settings.domain.shape }
  /// Label channels.
  public var channels: Int { settings.channels.count }

  /// The patches of step `step`.
  public func batch(step: Int) -> TrainingBatch {
    let count = settings.fresh + settings.replayed
    var batch = TrainingBatch(images: [], labels: [], isLabelled: Array(repeating: true, count: count))
    batch.images.reserveCapacity(count * patch.count)
    batch.labels.reserveCapacity(count * channels * patch.count)
    let next = step * settings.fresh
    recent.withLock { $0 = $0.filter { $0.key >= next - settings.memory } }
    for slot in 0..<settings.fresh { append(sample(next + slot), turned: .none, to: &batch) }
    for slot in 0..<settings.replayed {
      var stream = RandomStream(seed: seed, purpose: "replay", indices: step, slot)
      let index = stream.integer(max(0, next - settings.memory)...max(0, next + settings.fresh - 1))
      var augmentation = RandomPatchAugmentation.turnsOnly.draw(shape: patch, using: &stream)
      let exponent = stream.uniform(-1...1)
      augmentation.gain = pow(settings.gain, exponent)
      append(sample(index), turned: augmentation, to: &batch)
    }
    return batch
  }

  private func append(_ sample: Sample, turned change: PatchAugmentation, to batch: inout TrainingBatch) {
    batch.images += change == .none ? sample.image : change.applied(toImage: sample.image, shape: patch)
    for channel in 0..<channels {
      let label = sample.labels.map { Float($0 >> UInt8(channel) & 1) }
      batch.labels += change == .none ? label : change.applied(toLabel: label, shape: patch)
    }
  }

  private func sample(_ index: Int) -> Sample {
    if let known = recent.withLock({ $0[index] }) { return known }
    let made = settings.domain.draw(seed: seed, index: index).make()
    var labels = [UInt8](repeating: 0, count: patch.count)
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

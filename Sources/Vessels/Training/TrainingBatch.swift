import Imaging

/// The patches of one training step.
public struct TrainingBatch: Sendable {
  /// The images, N 1 D H W, normalised.
  public var images: [Float]
  /// The labels, N C D H W, 0 to 1; zeros where a patch has none.
  public var labels: [Float]
  /// Whether each patch has a label.
  public var isLabelled: [Bool]

  /// A batch of these patches.
  public init(images: [Float], labels: [Float], isLabelled: [Bool]) {
    (self.images, self.labels, self.isLabelled) = (images, labels, isLabelled)
  }
}

/// Where the patches of a training come from.
///
/// A batch is a function of the step's number alone, so that any number of loader threads, and a training continued from a
/// checkpoint, see the same patches.
public protocol PatchSource: Sendable {
  /// The extent of a patch.
  var patch: VoxelShape { get }
  /// Label channels.
  var channels: Int { get }
  /// The patches of step `step`, 0 = first.
  func batch(step: Int) throws -> TrainingBatch
}

import ImageAnalysis
import Imaging
import Numerics

/// Puts the patches of one or several sources together, with a deformed twin of each where that branch is trained.
public struct BatchComposer: Sendable {
  /// Where patches come from; each gives its share of every batch.
  public var sources: [any PatchSource]
  /// The family of the twins' deformations, a fresh field for each patch; nil for no twins.
  public var deformation: RandomElasticDeformation?
  /// The extent of a patch.
  public var patch: VoxelShape
  /// Seeds the deformations.
  public var seed: UInt64

  /// Batches of `sources`.
  public init(
    _ sources: [any PatchSource], patch: VoxelShape, deformation: RandomElasticDeformation?, seed: UInt64
  ) {
    (self.sources, self.patch, self.deformation, self.seed) = (sources, patch, deformation, seed)
  }

  /// The batch of step `step`, 0 = first.
  public func batch(step: Int) -> TrainingBatch {
    let patches = sources.flatMap { $0.patches(step: step) }
    let warps = deformation.map { family in
      patches.indices.map { slot in
        var stream = RandomStream(seed: seed, purpose: "deformation branch", indices: step, slot)
        return LinearWarp(family.draw(shape: patch, using: &stream).displacementField())
      }
    }
    return TrainingBatch(patches, warps: warps ?? [])
  }
}

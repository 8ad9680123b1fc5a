import ImageAnalysis
import Imaging

/// One patch of a training step, before patches are put together.
public struct TrainingPatch: Sendable {
  /// The image, D H W, normalised.
  public var image: [Float]
  /// The labels, C D H W, 0 to 1; nil where the case has none.
  public var labels: [Float]?
  /// The labels' centre lines, widened within the labels, C D H W; nil where they are not asked for.
  public var centrelines: [Float]?
  /// For each axis of a projection loss with the whole volume as target, the projection of the volume's label in front of the
  /// patch and behind it; nil where the patch's own projection is the target.
  public var projections: [[Float]]?

  /// A patch.
  public init(
    image: [Float], labels: [Float]?, centrelines: [Float]? = nil, projections: [[Float]]? = nil
  ) {
    (self.image, self.labels) = (image, labels)
    (self.centrelines, self.projections) = (centrelines, projections)
  }
}

/// Where the patches of a training come from.
///
/// Patches are a function of the step's number alone, so that any number of loader threads, and a training continued from a
/// checkpoint, see the same ones.
public protocol PatchSource: Sendable {
  /// The patches of step `step`, 0 = first.
  func patches(step: Int) -> [TrainingPatch]
}

/// What a network sees in one training step: N patches, those with labels first, and with the deformation branch the same N
/// deformed behind them, so that both branches are one batch of 2N.
public struct TrainingBatch: Sendable {
  /// N, and how many of them have labels.
  public let samples, labelled: Int
  /// The images, N or 2N 1 D H W.
  public private(set) var images: [Float] = []
  /// The labels of the labelled patches, C D H W each; then those of their deformed twins.
  public private(set) var labels: [Float] = []
  /// The centre lines of the labelled patches; empty where they are not asked for.
  public private(set) var centrelines: [Float] = []
  /// For each axis, the projections of the volumes' labels for the labelled patches; nil for those of the patches.
  public private(set) var projections: [[Float]]?
  /// How each patch's twin is deformed; empty without the branch.
  public let warps: [LinearWarp]

  /// The batch of `patches`, with twins deformed by `warps` (one for each patch in the order given, or none).
  public init(_ patches: [TrainingPatch], warps: [LinearWarp] = []) {
    precondition(warps.isEmpty || warps.count == patches.count, "a deformation for each patch, or none")
    let order =
      patches.indices.filter { patches[$0].labels != nil }
      + patches.indices.filter { patches[$0].labels == nil }
    let sorted = order.map { patches[$0] }
    samples = sorted.count
    labelled = sorted.count { $0.labels != nil }
    self.warps = warps.isEmpty ? [] : order.map { warps[$0] }
    for patch in sorted {
      images += patch.image
      labels += patch.labels ?? []
      centrelines += patch.centrelines ?? []
    }
    if let axes = sorted.first?.projections?.count {
      projections = (0..<axes).map { axis in sorted.flatMap { $0.projections?[axis] ?? [] } }
    }
    for (patch, warp) in zip(sorted, self.warps) {
      images += warp(patch.image)
      guard let label = patch.labels else { continue }
      let size = patch.image.count
      for first in stride(from: 0, to: label.count, by: size) {
        labels += warp(Array(label[first..<first + size]))
      }
    }
  }
}

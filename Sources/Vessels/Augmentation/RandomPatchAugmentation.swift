import ImageAnalysis
import Imaging
import Numerics

/// Draws augmentations of training patches; each change has a probability and a range of its own.
public struct RandomPatchAugmentation: Codable, Sendable, Equatable {
  /// The 48 symmetries of the cube (those that keep the patch's shape), each equally likely; otherwise none.
  public var turns = true
  /// Probability and range of the zoom.
  public var zoomProbability: Float = 0.2
  /// Magnification is 1/`zoom` to `zoom`.
  public var zoom: Float = 1.25
  /// Probability of an elastic deformation, and its family.
  public var elasticProbability: Float = 0.2
  /// The family the deformation is drawn from.
  public var elastic = RandomElasticDeformation()
  /// Probability of a bias field and its greatest amplitude.
  public var biasProbability: Float = 0.3
  /// The greatest amplitude of a bias field.
  public var bias: Float = 0.3
  /// Gain is 1/`gain` to `gain`, always drawn.
  public var gain: Float = 1.2
  /// Probability of a display curve.
  public var gammaProbability: Float = 0.3
  /// The exponent is 1/`gamma` to `gamma`.
  public var gamma: Float = 1.4
  /// Probability of blur and its greatest standard deviation, in voxels.
  public var blurProbability: Float = 0.15
  /// The greatest standard deviation of a blur, in voxels.
  public var blur: Float = 0.8
  /// Probability that an axis was acquired more coarsely, drawn for each axis.
  public var coarseProbability: Float = 0.1
  /// The greatest coarseness.
  public var coarseness: Float = 2
  /// Probability of noise.
  public var noiseProbability: Float = 0.2
  /// The greatest standard deviation of noise.
  public var noise: Float = 0.05

  /// The usual augmentations.
  public init() {}

  /// An augmentation of a patch of `shape`.
  public func draw(shape: VoxelShape, using stream: inout RandomStream) -> PatchAugmentation {
    var result = PatchAugmentation()
    result.seed = stream.next()
    if turns {
      let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        .filter { order in (0..<3).allSatisfy { shape[$0] == shape[order[$0]] } }
      result.axes = orders[stream.integer(0...orders.count - 1)]
      result.flips = (0..<3).map { _ in stream.chance(0.5) }
    }
    func ratio(_ limit: Float, _ stream: inout RandomStream) -> Float {
      let drawn = 1 + (limit - 1) * stream.uniform()
      return stream.chance(0.5) ? drawn : 1 / drawn
    }
    if stream.chance(zoomProbability) { result.zoom = ratio(zoom, &stream) }
    if stream.chance(elasticProbability) { result.elastic = elastic.draw(shape: shape, using: &stream) }
    if stream.chance(biasProbability) { result.bias = stream.uniform(0...bias) }
    result.gain = ratio(gain, &stream)
    if stream.chance(gammaProbability) { result.gamma = ratio(gamma, &stream) }
    if stream.chance(blurProbability) { result.blur = stream.uniform(0.3...max(0.3, blur)) }
    for axis in 0..<3 where stream.chance(coarseProbability) {
      result.coarseness[axis] = stream.uniform(1...max(1, coarseness))
    }
    if stream.chance(noiseProbability) { result.noise = stream.uniform(0...noise) }
    return result
  }
}

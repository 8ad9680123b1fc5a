import Foundation
import ImageAnalysis
import Imaging
import Numerics

/// One change of a training patch, as numbers: equal values change equal patches equally.
///
/// Drawn by ``RandomPatchAugmentation``. Space first (zoom and elastic deformation in one interpolation, then axis swaps and
/// flips, which copy), then the scanner (bias, gain, gamma, blur, low resolution, noise). Labels take part in space only and stay
/// soft after interpolation.
public struct PatchAugmentation: Codable, Sendable, Equatable {
  /// Magnification about the patch's middle; 1 for none.
  public var zoom: Float = 1
  /// A smooth warp, or nil for none.
  public var elastic: ElasticDeformation?
  /// Which axis of the patch each axis is taken from; with the flips these are the 48 symmetries of the cube.
  public var axes: [Int] = [0, 1, 2]
  /// Whether each axis is reversed.
  public var flips: [Bool] = [false, false, false]
  /// Brightness varies by exp(bias · smooth field of unit variance).
  public var bias: Float = 0
  /// Brightness is multiplied by this.
  public var gain: Float = 1
  /// Exponent of the display curve.
  public var gamma: Float = 1
  /// Standard deviation of a Gaussian blur, in voxels.
  public var blur: Float = 0
  /// How much coarser the patch was acquired along each axis; 1 for not.
  public var coarseness: SIMD3<Float> = .one
  /// Standard deviation of the noise in each channel of a Rician signal.
  public var noise: Float = 0
  /// Seeds bias field and noise.
  public var seed: UInt64 = 0

  /// An augmentation that changes nothing yet.
  public init() {}

  /// The augmentation that changes nothing.
  public static let none = PatchAugmentation()

  /// The image, x fastest, after this change.
  public func applied(toImage image: [Float], shape: VoxelShape) -> [Float] {
    var result = applied(toSpaceOf: image, shape: shape)
    if bias != 0 { multiplyByBias(&result, shape: shape) }
    if gain != 1 { for index in result.indices { result[index] *= gain } }
    if gamma != 1 { for index in result.indices { result[index] = pow(max(0, result[index]), gamma) } }
    if blur > 0 { PointSpread(sigma: .init(repeating: blur)).apply(to: &result, shape: shape) }
    for axis in 0..<3 where coarseness[axis] > 1 {
      let count = max(1, Int((Float(shape[axis]) / coarseness[axis]).rounded()))
      let coarse = resampled(result, shape: shape, axis: axis, count: count)
      var coarseShape = shape
      coarseShape[axis] = count
      result = resampled(coarse, shape: coarseShape, axis: axis, count: shape[axis])
    }
    if noise > 0 { addNoise(to: &result, shape: shape) }
    return result
  }

  /// The label, x fastest, after this change's part in space.
  public func applied(toLabel label: [Float], shape: VoxelShape) -> [Float] {
    applied(toSpaceOf: label, shape: shape)
  }

  private func applied(toSpaceOf values: [Float], shape: VoxelShape) -> [Float] {
    var result = values
    if let warp = warp(shape) { result = warp(result) }
    if axes != [0, 1, 2] || flips.contains(true) { result = turned(result, shape: shape) }
    return result
  }

  /// Zoom and deformation as one warp; nil where neither moves anything.
  private func warp(_ shape: VoxelShape) -> LinearWarp? {
    guard zoom != 1 || elastic != nil else { return nil }
    let field = elastic?.displacementField() ?? .zero(shape)
    guard zoom != 1 else { return LinearWarp(field) }
    let middle = SIMD3<Float>(Float(shape.x - 1), Float(shape.y - 1), Float(shape.z - 1)) / 2
    let pull = 1 / zoom - 1
    var (x, y, z) = (field.x, field.y, field.z)
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        for i in 0..<shape.x {
          let voxel = shape.index(i, j, k)
          let place = SIMD3(Float(i), Float(j), Float(k)) + SIMD3(x[voxel], y[voxel], z[voxel])
          let moved = pull * (place - middle)
          x[voxel] += moved.x
          y[voxel] += moved.y
          z[voxel] += moved.z
        }
      }
    }
    return LinearWarp(DisplacementField(shape: shape, x: x, y: y, z: z))
  }

  private func turned(_ values: [Float], shape: VoxelShape) -> [Float] {
    precondition(
      (0..<3).allSatisfy { shape[$0] == shape[axes[$0]] },
      "axes of unequal length cannot be swapped: \(shape)")
    let strides = axes.map { shape.stride($0) }
    var result = values
    for k in 0..<shape.z {
      let c = (flips[2] ? shape.z - 1 - k : k) * strides[2]
      for j in 0..<shape.y {
        let b = c + (flips[1] ? shape.y - 1 - j : j) * strides[1]
        let row = shape.index(0, j, k)
        for i in 0..<shape.x { result[row + i] = values[b + (flips[0] ? shape.x - 1 - i : i) * strides[0]] }
      }
    }
    return result
  }

  private func multiplyByBias(_ values: inout [Float], shape: VoxelShape) {
    var stream = RandomStream(seed: seed, purpose: "augmentation bias")
    let field = CubicBSplineField.random(
      shape: shape, size: 0.6 * Float(max(shape.x, shape.y, shape.z)), using: &stream)
    let plane = shape.x * shape.y
    withUnsafeTemporaryAllocation(of: Float.self, capacity: plane) { slice in
      guard let slice = slice.baseAddress else { return }
      for k in 0..<shape.z {
        field.evaluate(slice: k, into: slice)
        for p in 0..<plane { values[k * plane + p] *= exp(bias * slice[p]) }
      }
    }
  }

  private func addNoise(to values: inout [Float], shape: VoxelShape) {
    var stream = RandomStream(seed: seed, purpose: "augmentation noise")
    var channels = [Float](repeating: 0, count: 2 * values.count)
    channels.withUnsafeMutableBufferPointer {
      guard let base = $0.baseAddress else { return }
      NormalQuantiles.shared.fill(base, count: 2 * shape.count, using: &stream)
    }
    for index in values.indices {
      let (a, b) = (values[index] + noise * channels[index], noise * channels[values.count + index])
      values[index] = (a * a + b * b).squareRoot()
    }
  }

  /// `values` with `count` voxels along `axis` over the same extent: means where it gets coarser, lines where finer.
  private func resampled(_ values: [Float], shape: VoxelShape, axis: Int, count: Int) -> [Float] {
    let (length, inner) = (shape[axis], shape.stride(axis))
    let outer = values.count / (length * inner)
    let ratio = Float(length) / Float(count)
    var result = [Float](repeating: 0, count: outer * count * inner)
    for target in 0..<count {
      // The source voxels under the target voxel (or the two around its centre) and their weights.
      let centre = (Float(target) + 0.5) * ratio - 0.5
      let reach = max(1, ratio / 2 + 0.5)
      let range =
        max(0, Int((centre - reach).rounded(.up)))...min(length - 1, Int((centre + reach).rounded(.down)))
      let weights = range.map { source -> Float in
        let distance = abs(Float(source) - centre)
        return ratio > 1 ? min(1, max(0, ratio / 2 + 0.5 - distance)) : max(0, 1 - distance)
      }
      let sum = weights.reduce(0, +)
      for (source, weight) in zip(range, weights) where weight > 0 {
        let share = weight / sum
        for o in 0..<outer {
          let (from, to) = ((o * length + source) * inner, (o * count + target) * inner)
          for p in 0..<inner { result[to + p] += share * values[from + p] }
        }
      }
    }
    return result
  }
}

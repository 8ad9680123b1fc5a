import Imaging
import Numerics

/// Trilinear sampling of an image at p + u(p), and its exact adjoint.
///
/// The eight weights of every voxel are kept, so forward and adjoint are transposes of one matrix to the last bit, and a
/// field is evaluated once for image, label and gradients. Where the displacement is zero the value is copied exactly.
public struct LinearWarp: Sendable {
  /// What lies outside the image.
  public enum Padding: String, Codable, Sendable {
    /// The nearest voxel of the border.
    case border
    /// Zero.
    case zero
  }

  /// The voxels of input and output.
  public let shape: VoxelShape
  /// For each output voxel the position in memory of the lowest of its eight corners.
  private let corners: [Int32]
  /// The corners' weights: x fastest, then y, then z.
  private let weights: [SIMD8<Float>]
  /// The offset in memory of each of the eight corners.
  private let offsets: SIMD8<Int32>
  /// No output slice k reads input slices outside k ± `reach`.
  private let reach: Int

  /// The warp of `displacement`.
  public init(_ displacement: DisplacementField, padding: Padding = .border) {
    self.init(shape: displacement.shape, padding: padding) { voxel, i, j, k in
      [
        Float(i) + displacement.x[voxel], Float(j) + displacement.y[voxel],
        Float(k) + displacement.z[voxel],
      ]
    }
  }

  /// The warp whose output voxel (i, j, k), number `voxel` in memory, is taken from `source` (voxel coordinates).
  init(
    shape: VoxelShape, padding: Padding, from source: (_ voxel: Int, Int, Int, Int) -> SIMD3<Float>
  ) {
    precondition(shape.count <= Int(Int32.max), "a warp of \(shape) voxels needs 64-bit offsets")
    self.shape = shape
    let last = SIMD3<Float>(Float(shape.x - 1), Float(shape.y - 1), Float(shape.z - 1))
    let (sx, sy, sz) = (
      Int32(shape.x > 1 ? 1 : 0), Int32(shape.y > 1 ? shape.x : 0), Int32(shape.z > 1 ? shape.x * shape.y : 0)
    )
    offsets = [0, sx, sy, sx &+ sy, sz, sz &+ sx, sz &+ sy, sz &+ sx &+ sy]
    var corners = [Int32](repeating: 0, count: shape.count)
    var weights = [SIMD8<Float>](repeating: .zero, count: shape.count)
    var reach = 0
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        for i in 0..<shape.x {
          let voxel = shape.index(i, j, k)
          var place = source(voxel, i, j, k)
          if padding == .border { place = place.clamped(lowerBound: .zero, upperBound: last) }
          let x = AxisSample(place.x, count: shape.x)
          let y = AxisSample(place.y, count: shape.y)
          let z = AxisSample(place.z, count: shape.z)
          corners[voxel] = Int32(shape.index(x.lower, y.lower, z.lower))
          let plane =
            SIMD4(x.weights.x, x.weights.y, x.weights.x, x.weights.y)
            * SIMD4(y.weights.x, y.weights.x, y.weights.y, y.weights.y)
          weights[voxel] = SIMD8(lowHalf: plane * z.weights.x, highHalf: plane * z.weights.y)
          reach = max(reach, abs(z.lower - k), abs(min(z.lower + 1, shape.z - 1) - k))
        }
      }
    }
    (self.corners, self.weights, self.reach) = (corners, weights, reach)
  }

  /// Write the warped `input` to `output`; both hold `shape.count` values, x fastest.
  public func apply(_ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>) {
    let plane = shape.x * shape.y
    let offsets = offsets
    corners.withUnsafeBufferPointer { corners in
      weights.withUnsafeBufferPointer { weights in
        nonisolated(unsafe) let (corners, weights) = (corners.baseAddress!, weights.baseAddress!)
        // Each slab of the output is written by one thread only.
        nonisolated(unsafe) let (input, output) = (input, output)
        forEachSlab { slices in
          for voxel in slices.lowerBound * plane..<slices.upperBound * plane {
            output[voxel] = (gather(input + Int(corners[voxel]), offsets) * weights[voxel]).sum()
          }
        }
      }
    }
  }

  /// Add to `output` the transpose of the warp applied to `gradient`: the gradient with respect to the warp's input.
  public func applyAdjoint(
    _ gradient: UnsafePointer<Float>, addingTo output: UnsafeMutablePointer<Float>
  ) {
    let plane = shape.x * shape.y
    let (offsets, shape, reach) = (offsets, shape, reach)
    corners.withUnsafeBufferPointer { corners in
      weights.withUnsafeBufferPointer { weights in
        nonisolated(unsafe) let (corners, weights) = (corners.baseAddress!, weights.baseAddress!)
        nonisolated(unsafe) let (gradient, output) = (gradient, output)
        // Each thread owns a slab of the result and visits all voxels that may add to it, in one order: the sums are
        // the same for any number of threads.
        forEachSlab { slices in
          let (low, high) = (Int32(slices.lowerBound * plane), Int32(slices.upperBound * plane))
          let first = max(0, slices.lowerBound - reach)
          let last = min(shape.z, slices.upperBound + reach)
          for voxel in first * plane..<last * plane {
            let value = gradient[voxel]
            if value == 0 { continue }
            let added = weights[voxel] * value
            let corner = corners[voxel]
            for index in 0..<8 {
              let target = corner &+ offsets[index]
              if target >= low, target < high { output[Int(target)] += added[index] }
            }
          }
        }
      }
    }
  }

  /// The warped image.
  public func callAsFunction(_ input: [Float]) -> [Float] {
    precondition(input.count == shape.count, "\(shape.count) values expected, \(input.count) given")
    return [Float](unsafeUninitializedCapacity: input.count) { output, initialized in
      input.withUnsafeBufferPointer { apply($0.baseAddress!, into: output.baseAddress!) }
      initialized = input.count
    }
  }

  /// Patches are warped on the calling thread: their makers run side by side.
  private func forEachSlab(_ body: @Sendable (Range<Int>) -> Void) {
    if shape.count < 1 << 20 { body(0..<shape.z) } else { Parallel.forEachSlab(of: 0..<shape.z, body) }
  }
}

@inline(__always)
private func gather(_ base: UnsafePointer<Float>, _ offsets: SIMD8<Int32>) -> SIMD8<Float> {
  SIMD8(
    base[Int(offsets[0])], base[Int(offsets[1])], base[Int(offsets[2])], base[Int(offsets[3])],
    base[Int(offsets[4])], base[Int(offsets[5])], base[Int(offsets[6])], base[Int(offsets[7])])
}

/// The two voxels of an axis around a coordinate; a voxel outside has weight zero.
private struct AxisSample {
  let lower: Int
  let weights: SIMD2<Float>

  init(_ coordinate: Float, count: Int) {
    let floor = coordinate.rounded(.down)
    let fraction = coordinate - floor
    // Far outside, or not a number: nothing is sampled.
    guard floor >= -1, floor < Float(count) else {
      (lower, weights) = (0, .zero)
      return
    }
    let index = Int(floor)
    if count == 1 {
      (lower, weights) = (0, [index == 0 ? 1 - fraction : fraction, 0])
    } else if index < 0 {
      (lower, weights) = (0, [fraction, 0])
    } else if index == count - 1 {
      (lower, weights) = (count - 2, [0, 1 - fraction])
    } else {
      (lower, weights) = (index, [1 - fraction, fraction])
    }
  }
}

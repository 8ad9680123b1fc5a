import Imaging
import Numerics

/// How values between voxel centres are found.
public enum Interpolation: String, Sendable, Codable, CaseIterable {
  /// The value of the nearest voxel.
  case nearest
  /// The trilinear blend of the eight voxels around.
  case linear
  /// The tricubic convolution of the 64 voxels around (Keys, 1981, a = −1/2: Catmull and Rom's spline).
  ///
  /// Interpolates the voxels and reproduces quadratic polynomials; may overshoot at edges.
  case cubic
}

extension Volume where Scalar == Float {
  /// The image on another grid, both placed by their affines.
  ///
  /// A point belongs to the image within half a voxel of its outermost centres (0.5 voxel beyond, the voxels' own
  /// extent); there the outermost values are continued. Elsewhere the result is `outside`.
  public func resampled(
    to target: VoxelGrid, interpolation: Interpolation, outside: Float = 0
  ) -> Volume<Float> {
    if target == grid { return self }
    switch interpolation {
    case .nearest: return resampledNearest(to: target, outside: outside)
    case .linear: return resampled(to: target, outside: outside, taps: 2) { linearWeights($0) }
    case .cubic: return resampled(to: target, outside: outside, taps: 4) { cubicWeights($0) }
    }
  }

  @inline(__always)
  private func resampled(
    to target: VoxelGrid, outside: Float, taps: Int, _ weights: @Sendable (Float) -> SIMD4<Float>
  ) -> Volume<Float> {
    sampled(on: target, outside: outside) { voxels, source, position in
      let (fx, wx) = split(position.x, weights)
      let (fy, wy) = split(position.y, weights)
      let (fz, wz) = split(position.z, weights)
      let before = taps / 2 - 1
      let offsets = SIMD4<Int>(0, 1, 2, 3) &- before
      let columns = clamped(fx &+ offsets, source.x)
      let rows = clamped(fy &+ offsets, source.y)
      let slices = clamped(fz &+ offsets, source.z)
      var sum: Float = 0
      for c in 0..<taps {
        var plane: Float = 0
        for b in 0..<taps {
          let row = voxels + source.x * (rows[b] + source.y * slices[c])
          var line: Float = 0
          for a in 0..<taps { line += wx[a] * row[columns[a]] }
          plane += wy[b] * line
        }
        sum += wz[c] * plane
      }
      return sum
    }
  }
}

extension Volume {
  /// The image on another grid by the nearest voxel, for labels and masks; `outside` beyond the image.
  ///
  /// Halfway points go to the voxel with the higher index.
  @inlinable
  public func resampledNearest(to target: VoxelGrid, outside: Scalar) -> Volume {
    if target == grid { return self }
    return sampled(on: target, outside: outside) { voxels, source, position in
      let i = min(Int((position.x + 0.5).rounded(.down)), source.x - 1)
      let j = min(Int((position.y + 0.5).rounded(.down)), source.y - 1)
      let k = min(Int((position.z + 0.5).rounded(.down)), source.z - 1)
      return voxels[source.index(i, j, k)]
    }
  }

  /// Visit every voxel of `target` with its position in this image's voxel coordinates.
  @inlinable @inline(__always)
  func sampled(
    on target: VoxelGrid, outside: Scalar,
    _ value: @Sendable (UnsafePointer<Scalar>, VoxelShape, SIMD3<Double>) -> Scalar
  ) -> Volume {
    guard shape.count > 0, let inverse = grid.affine.inverse else {
      return Volume(grid: target, filledWith: outside)
    }
    let map = inverse * target.affine
    let (origin, a, b, c) = (map.origin, map.column(0), map.column(1), map.column(2))
    let upper = SIMD3(Double(shape.x), Double(shape.y), Double(shape.z)) - 0.5
    // Grids that share a face differ there by rounding; a voxel on it must not fall outside.
    let slack = 1e-6
    let (source, size) = (shape, target.shape)
    return withVoxels { voxels in
      Volume(grid: target) { output in
        guard let first = voxels.baseAddress, let start = output.baseAddress else { return }
        nonisolated(unsafe) let (voxels, output) = (first, start)
        Parallel.forEach(0..<size.z) { k in
          for j in 0..<size.y {
            let start = origin + b * Double(j) + c * Double(k)
            let row = output + size.x * (j + size.y * k)
            for i in 0..<size.x {
              let p = start + a * Double(i)
              let isInside =
                p.x >= -0.5 - slack && p.y >= -0.5 - slack && p.z >= -0.5 - slack
                && p.x <= upper.x + slack && p.y <= upper.y + slack && p.z <= upper.z + slack
              let inside = SIMD3(max(p.x, -0.5), max(p.y, -0.5), max(p.z, -0.5))
              (row + i).initialize(to: isInside ? value(voxels, source, inside) : outside)
            }
          }
        }
      }
    }
  }
}

/// The voxel at or before `position` and the weights of its neighbours.
@inline(__always)
private func split(_ position: Double, _ weights: (Float) -> SIMD4<Float>) -> (Int, SIMD4<Float>) {
  let floor = position.rounded(.down)
  var fraction = position - floor
  // A position within rounding of a voxel centre is that voxel: identical grids give identical images.
  if fraction < 1e-9 { fraction = 0 }
  if fraction > 1 - 1e-9 { return (Int(floor) + 1, weights(0)) }
  return (Int(floor), weights(Float(fraction)))
}

@inline(__always)
private func clamped(_ index: SIMD4<Int>, _ count: Int) -> SIMD4<Int> {
  index.clamped(lowerBound: .zero, upperBound: SIMD4(repeating: count - 1))
}

@inline(__always)
private func linearWeights(_ t: Float) -> SIMD4<Float> { [1 - t, t, 0, 0] }

@inline(__always)
private func cubicWeights(_ t: Float) -> SIMD4<Float> {
  let (t2, t3) = (t * t, t * t * t)
  return [
    0.5 * (-t + 2 * t2 - t3), 0.5 * (2 - 5 * t2 + 3 * t3), 0.5 * (t + 4 * t2 - 3 * t3), 0.5 * (t3 - t2),
  ]
}

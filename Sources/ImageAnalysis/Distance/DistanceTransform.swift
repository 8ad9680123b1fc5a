import Imaging
import Numerics

extension Volume where Scalar == UInt8 {
  /// For every voxel the exact Euclidean distance, in mm, from its centre to the centre of the nearest voxel that is
  /// not 0: 0 at those voxels, infinity where the mask is empty.
  ///
  /// Spacing may differ between axes; axes are taken as perpendicular.
  /// - Parameter limit: distances above it, in mm, are not searched for and come out as infinity, which makes the
  ///   transform much faster for small limits.
  public func distanceToForeground(limit: Double = .infinity) -> Volume<Float> {
    SquaredDistance.transform(self, inside: true, limit: limit).squareRoot()
  }

  /// For every voxel the exact Euclidean distance, in mm, to the nearest voxel that is 0 (SciPy's
  /// `distance_transform_edt`); infinity where there is none.
  public func distanceToBackground(limit: Double = .infinity) -> Volume<Float> {
    SquaredDistance.transform(self, inside: false, limit: limit).squareRoot()
  }
}

extension Volume where Scalar == Float {
  fileprivate consuming func squareRoot() -> Volume<Float> {
    var result = self
    result.withMutableVoxels { voxels in
      nonisolated(unsafe) let voxels = voxels
      Parallel.forEachSlab(of: 0..<voxels.count) { slab in
        for p in slab { voxels[p] = voxels[p].squareRoot() }
      }
    }
    return result
  }
}

/// The squared Euclidean distance transform, one axis after the other (Felzenszwalb and Huttenlocher, 2012):
/// `D(x, y, z) = min over z' of (min over y' of (min over x' of …) + (y − y')²) + (z − z')²`.
///
/// Along y and z the minimum is searched outwards from each voxel, sixteen columns at a time, until the step alone
/// is longer than what was found. That is O(distance) a voxel instead of the lower envelope's O(1), but runs
/// in SIMD without a branch a voxel and is several times faster at the distances that occur inside a head.
enum SquaredDistance {
  static func transform(_ mask: Mask, inside: Bool, limit: Double = .infinity) -> Volume<Float> {
    var field = alongX(mask, inside: inside, limit: limit)
    let spacing = mask.grid.spacing
    alongY(&field, step: Float(spacing.y * spacing.y), limit: Float(limit * limit))
    alongZ(&field, step: Float(spacing.z * spacing.z), limit: Float(limit * limit))
    return field
  }

  /// Squared distances within each row.
  static func alongX(_ mask: Mask, inside: Bool, limit: Double = .infinity) -> Volume<Float> {
    let nx = mask.shape.x
    let spacing = Float(mask.grid.spacing.x)
    let bound = Float(limit * limit)
    return mask.withVoxels { voxels in
      nonisolated(unsafe) let voxels = voxels
      return Volume(grid: mask.grid) { output in
        nonisolated(unsafe) let output = output
        Parallel.forEachSlab(of: 0..<mask.shape.y * mask.shape.z) { rows in
          for row in rows {
            let (source, target) = (voxels.baseAddress! + nx * row, output.baseAddress! + nx * row)
            // Two sweeps: voxels since the last site, then the nearer of that and the next one.
            var steps = Float.infinity
            for x in 0..<nx {
              steps = (source[x] != 0) == inside ? 0 : steps + 1
              (target + x).initialize(to: steps)
            }
            if steps == .infinity { continue }
            steps = .infinity
            for x in stride(from: nx - 1, through: 0, by: -1) {
              let before = target[x]
              steps = before == 0 ? 0 : steps + 1
              let distance = min(before, steps) * spacing
              let square = distance * distance
              target[x] = square <= bound ? square : .infinity
            }
          }
        }
      }
    }
  }

  /// Extend squared distances within rows to slices.
  static func alongY(_ field: inout Volume<Float>, step: Float, limit: Float = .infinity) {
    let shape = field.shape
    field.withMutableVoxels { voxels in
      guard let start = voxels.baseAddress else { return }
      nonisolated(unsafe) let base = start
      Parallel.forEachSlab(of: 0..<shape.z) { slices in
        for k in slices {
          columns(
            base + shape.x * shape.y * k, width: shape.x, count: shape.y, stride: shape.x, step: step,
            limit: limit)
        }
      }
    }
  }

  /// Extend squared distances within slices to the volume.
  static func alongZ(_ field: inout Volume<Float>, step: Float, limit: Float = .infinity) {
    let shape = field.shape
    field.withMutableVoxels { voxels in
      guard let start = voxels.baseAddress else { return }
      nonisolated(unsafe) let base = start
      Parallel.forEach(0..<shape.y) { j in
        columns(
          base + shape.x * j, width: shape.x, count: shape.z, stride: shape.x * shape.y, step: step,
          limit: limit)
      }
    }
  }

  /// Replace each column f(0…count−1) by `min over d of f(y + d) + d² step`, for `width` columns side by side.
  private static func columns(
    _ base: UnsafeMutablePointer<Float>, width: Int, count: Int, stride: Int, step: Float, limit: Float
  ) {
    guard count > 1 else { return }
    withScratch(16 * count) { tile in
      var x = 0
      while x < width {
        let lanes = min(16, width - x)
        var lowest = Float16Lanes(repeating: .infinity)
        for y in 0..<count {
          let source = base + x + stride * y
          if lanes == 16 {
            let value = load(source, 0)
            lowest = lesser(lowest, value)
            store(value, tile, 16 * y)
          } else {
            for lane in 0..<16 { tile[16 * y + lane] = lane < lanes ? source[lane] : 0 }
            lowest = .zero
          }
        }
        // Columns without any site stay as they are.
        if any(lowest .< .infinity) {
          for y in 0..<count {
            let best = nearest(tile, y, count: count, step: step, limit: limit)
            let target = base + x + stride * y
            if lanes == 16 {
              store(best, target, 0)
            } else {
              for lane in 0..<lanes { target[lane] = best[lane] }
            }
          }
        }
        x += lanes
      }
    }
  }

  @inline(__always)
  private static func nearest(
    _ tile: UnsafePointer<Float>, _ y: Int, count: Int, step: Float, limit: Float
  ) -> Float16Lanes {
    var best = load(tile, 16 * y)
    let reach = max(y, count - 1 - y)
    var d = 1
    while d <= reach {
      let square = Float(d * d) * step
      if square > limit || !any(best .> square) { break }
      if y >= d { best = lesser(best, load(tile, 16 * (y - d)) + square) }
      if y + d < count { best = lesser(best, load(tile, 16 * (y + d)) + square) }
      d += 1
    }
    if limit < .infinity {
      best.replace(with: Float16Lanes(repeating: .infinity), where: best .> limit)
    }
    return best
  }
}

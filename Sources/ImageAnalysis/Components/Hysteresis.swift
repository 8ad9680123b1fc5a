import Imaging

extension Volume where Scalar == Float {
  /// The voxels of at least `threshold`.
  public func thresholded(atLeast threshold: Float) -> Mask { map { $0 >= threshold ? 1 : 0 } }

  /// The voxels of at least `low` that are connected, through such voxels, to one of at least `high` (Canny, 1986).
  public func hysteresis(low: Float, high: Float, connectivity: Connectivity = .twentySix) -> Mask {
    hysteresis(low: low, high: high, support: 0, connectivity: connectivity)
  }

  /// The same, but growth has to be supported: a component of voxels of at least `low` is taken whole only where at least
  /// the share `support` of its voxels, and one at the least, are of at least `high`; of other components only those are.
  public func hysteresis(
    low: Float, high: Float, support: Double, connectivity: Connectivity = .twentySix
  ) -> Mask {
    precondition(low <= high, "the low threshold lies above the high one")
    let nx = shape.x
    return withVoxels { voxels in
      nonisolated(unsafe) let voxels = voxels
      let rows = RunRows(shape: shape) { start, runs in
        var x = 0
        while x < nx {
          while x < nx && !(voxels[start + x] >= low) { x += 1 }
          let first = x
          while x < nx && voxels[start + x] >= low { x += 1 }
          if x > first { runs.append(Run(start: start + first, length: x - first)) }
        }
      }
      let components = ConnectedComponents(grid: grid, rows: rows, connectivity: connectivity)
      guard support > 0 else {
        let isStrong = components.containing { voxels[$0] >= high }
        return components.mask { isStrong[$0] }
      }
      let strong = components.counts { voxels[$0] >= high }
      let isWhole = strong.indices.map {
        strong[$0] > 0 && Double(strong[$0]) >= support * Double(components.sizes[$0])
      }
      return components.mask(keeping: { isWhole[$0] }, orWhere: { voxels[$0] >= high })
    }
  }
}

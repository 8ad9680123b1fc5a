import Imaging

extension Volume where Scalar == Float {
  /// The voxels of at least `threshold`.
  public func thresholded(atLeast threshold: Float) -> Mask { map { $0 >= threshold ? 1 : 0 } }

  /// The voxels of at least `low` that are connected, through such voxels, to one of at least `high` (Canny, 1986).
  public func hysteresis(low: Float, high: Float, connectivity: Connectivity = .twentySix) -> Mask {
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
      let isStrong = components.containing { voxels[$0] >= high }
      return components.mask { isStrong[$0] }
    }
  }
}

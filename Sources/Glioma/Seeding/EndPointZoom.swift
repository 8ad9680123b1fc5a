import Imaging

/// Resampling in which the first and the last sample of input and output coincide, as `scipy.ndimage.zoom` does: output
/// sample i lies at input position i·(n − 1)/(m − 1).
///
/// Where rounding puts the last position a hair beyond n − 1, that plane becomes 0, as in SciPy's `constant` mode; the
/// published program's grids contain such planes. That program brings everything to its grid this way, although its equation is cell-centred; it is kept
/// for the compat scheme only.
package enum EndPointZoom {
  private static func position(_ i: Int, from n: Int, to m: Int) -> Double {
    m > 1 ? Double(i) * (Double(n - 1) / Double(m - 1)) : 0
  }

  /// The nearest input sample for each of `m` output samples along an axis of `n`; nil beyond the input.
  private static func nearest(_ n: Int, _ m: Int) -> [Int?] {
    (0..<m).map {
      let p = position($0, from: n, to: m)
      return p > Double(n - 1) ? nil : Int(p + 0.5)
    }
  }

  /// `values` of `shape` at `target` samples, by nearest neighbour.
  package static func nearest<Value: Numeric>(
    _ values: [Value], _ shape: VoxelShape, to target: VoxelShape
  ) -> [Value] {
    let axes = (0..<3).map { nearest(shape[$0], target[$0]) }
    var result: [Value] = []
    result.reserveCapacity(target.count)
    forEachCell(target) { _, p in
      if let i = axes[0][p.x], let j = axes[1][p.y], let k = axes[2][p.z] {
        result.append(values[shape.index(i, j, k)])
      } else {
        result.append(0)
      }
    }
    return result
  }

  /// `values` of `shape` at `target` samples, by linear interpolation along each axis.
  package static func linear(_ values: [Float], _ shape: VoxelShape, to target: VoxelShape) -> [Float] {
    var (current, extents) = (values.map(Double.init), shape)
    for axis in 0..<3 {
      var next = extents
      next[axis] = target[axis]
      var result = Array(repeating: 0.0, count: next.count)
      let stride = extents.stride(axis)
      let taps = (0..<target[axis]).map { i -> (Int, Double)? in
        let p = position(i, from: shape[axis], to: target[axis])
        if p > Double(shape[axis] - 1) { return nil }
        let lower = max(min(Int(p), shape[axis] - 2), 0)
        return (lower, p - Double(lower))
      }
      forEachCell(next) { cell, p in
        guard let (lower, weight) = taps[p[axis]] else { return }
        var q = p
        q[axis] = lower
        let base = extents.index(q.x, q.y, q.z)
        let above = shape[axis] > 1 ? current[base + stride] : current[base]
        result[cell] = current[base] + weight * (above - current[base])
      }
      (current, extents) = (result, next)
    }
    return current.map(Float.init)
  }
}

extension Affine {
  /// The directions of the voxel axes as the nearest orthonormal matrix, or nil where the matrix is singular.
  ///
  /// The polar factor of the matrix with columns of unit length, by Newton's iteration `R ← (R + R⁻ᵀ) / 2` with
  /// scaling (Higham, "Computing the polar decomposition", SIAM J. Sci. Stat. Comput. 7, 1986). The
  /// determinant keeps its sign: −1 for a left-handed axis order. The translation is zero.
  public var nearestRotation: Affine? {
    let size = spacing
    guard size.min() > 0, size.x.isFinite, size.y.isFinite, size.z.isFinite else { return nil }
    var current = Affine(
      columns: column(0) / size.x, column(1) / size.y, column(2) / size.z, origin: .zero)
    for _ in 0..<100 {
      guard let inverse = current.inverse else { return nil }
      let transposed = inverse.transposedLinear
      let scale = (transposed.frobeniusNorm / current.frobeniusNorm).squareRoot()
      guard scale.isFinite, scale > 0 else { return nil }
      let next = Affine(
        rows: (current.rows[0] * scale + transposed.rows[0] / scale) / 2,
        (current.rows[1] * scale + transposed.rows[1] / scale) / 2,
        (current.rows[2] * scale + transposed.rows[2] / scale) / 2)
      let change = (0..<3).map { axis -> Double in
        let d = next.rows[axis] - current.rows[axis]
        return (d * d).sum()
      }.reduce(0, +)
      current = next
      if change < 1e-30 { break }
    }
    return current
  }

  /// How far the axes are from being perpendicular: the largest |cosine| between two of them; 0 for a rotation
  /// with any spacing.
  public var shear: Double {
    let size = spacing
    guard size.min() > 0 else { return 0 }
    let unit = (0..<3).map { column($0) / size[$0] }
    return max(
      abs((unit[0] * unit[1]).sum()), abs((unit[0] * unit[2]).sum()), abs((unit[1] * unit[2]).sum()))
  }

  private var transposedLinear: Affine {
    Affine(rows: SIMD4(column(0), 0), SIMD4(column(1), 0), SIMD4(column(2), 0))
  }

  private var frobeniusNorm: Double {
    (0..<3).map { (column($0) * column($0)).sum() }.reduce(0, +).squareRoot()
  }
}

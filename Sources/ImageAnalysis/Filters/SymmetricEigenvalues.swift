import Numerics

/// The eigenvalues of sixteen symmetric 3×3 matrices at once, in closed form.
///
/// With the mean of the diagonal q taken off, B = A − qI has eigenvalues 2p cos(φ + 2πk/3), p² = tr B² / 6 and
/// cos 3φ = det B / 2p³ (Smith, 1961). Float arithmetic ruins that formula exactly where vessels are: two equal
/// eigenvalues, cos 3φ = ±1. So only the isolated eigenvalue λ is taken from it, where it is well conditioned. Its eigenvectors' projector
/// is vvᵀ = adj(B − λI) / tr adj(B − λI); what it leaves, D = B + λ/2 I − 3/2 λ vvᵀ, holds the other two as
/// −λ/2 ± ‖D‖/√2. All three are accurate to some units in the last place of ‖A‖.
struct SymmetricMatrices {
  typealias Lanes = SIMD16<Float>
  var xx, yy, zz, xy, xz, yz: Lanes

  /// The eigenvalues in the order of their absolute values, the smallest first.
  @inline(__always)
  func eigenvaluesByMagnitude() -> (Lanes, Lanes, Lanes) {
    var (a, b, c) = eigenvalues()
    order(&a, &b)
    order(&b, &c)
    order(&a, &b)
    return (a, b, c)
  }

  /// The isolated eigenvalue, then the other two, the greater first.
  @inline(__always)
  func eigenvalues() -> (Lanes, Lanes, Lanes) {
    let q = (xx + yy + zz) * (1 / 3)
    // Scaling to ‖B‖ near 1 keeps squares and cubes within the range of floats.
    let largest = greater(
      greater(greater(magnitude(xx - q), magnitude(yy - q)), magnitude(zz - q)),
      greater(greater(magnitude(xy), magnitude(xz)), magnitude(yz)))
    let scale = greater(largest, Lanes(repeating: .leastNormalMagnitude))
    let inverse = 1 / scale
    let (a, b, c) = ((xx - q) * inverse, (yy - q) * inverse, (zz - q) * inverse)
    let (d, e, f) = (xy * inverse, xz * inverse, yz * inverse)

    // The minors of B, for its determinant.
    let determinant = a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e)
    let squares = a * a + b * b + c * c + 2 * (d * d + e * e + f * f)
    let p = squareRoot(squares * (1 / 6))
    let cosine = lesser(
      magnitude(determinant) / greater(2 * p * p * p, Lanes(repeating: .leastNormalMagnitude)),
      Lanes(repeating: 1))
    var isolated = 2 * p * Self.cosineOfThird(cosine)
    isolated.replace(with: -isolated, where: determinant .< 0)

    let (ma, mb, mc) = (a - isolated, b - isolated, c - isolated)
    let (naa, nbb, ncc) = (mb * mc - f * f, ma * mc - e * e, ma * mb - d * d)
    let (nab, nac, nbc) = (e * f - d * mc, d * f - e * mb, d * e - f * ma)
    let weight = 1.5 * isolated / greater(naa + nbb + ncc, Lanes(repeating: .leastNormalMagnitude))
    let half = 0.5 * isolated
    let (daa, dbb, dcc) = (a + half - weight * naa, b + half - weight * nbb, c + half - weight * ncc)
    let (dab, dac, dbc) = (d - weight * nab, e - weight * nac, f - weight * nbc)
    let rest = daa * daa + dbb * dbb + dcc * dcc + 2 * (dab * dab + dac * dac + dbc * dbc)
    let spread = squareRoot(0.5 * rest)
    return (q + scale * isolated, q + scale * (spread - half), q - scale * (spread + half))
  }

  /// cos(arccos(r) / 3) for r in [0, 1]: a quadratic start, then Newton's method on 4c³ − 3c = r.
  @inline(__always)
  private static func cosineOfThird(_ r: Lanes) -> Lanes {
    var c = 0.866_025_4 + r * (0.163_3 - 0.029_5 * r)
    for _ in 0..<2 {
      let square = c * c
      c -= (c * (4 * square - 3) - r) / (12 * square - 3)
    }
    return c
  }
}

@inline(__always)
private func magnitude(_ value: SIMD16<Float>) -> SIMD16<Float> {
  SIMD16<Float>(bits: value.bits & 0x7FFF_FFFF)
}

/// Exchange the lanes in which `first` is the greater by absolute value.
@inline(__always)
private func order(_ first: inout SIMD16<Float>, _ second: inout SIMD16<Float>) {
  let swap = magnitude(first) .> magnitude(second)
  let smaller = first.replacing(with: second, where: swap)
  second = second.replacing(with: first, where: swap)
  first = smaller
}

extension SIMD16<Float> {
  @inline(__always)
  fileprivate var bits: SIMD16<UInt32> { unsafeBitCast(self, to: SIMD16<UInt32>.self) }
  @inline(__always)
  fileprivate init(bits: SIMD16<UInt32>) { self = unsafeBitCast(bits, to: SIMD16<Float>.self) }
}

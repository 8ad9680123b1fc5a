/// Four outputs of a filter with three taps from six inputs by six multiplications, F(4, 3) of Winograd's minimal filtering
/// (Lavin and Gray: Fast algorithms for convolutional neural networks, CVPR 2016, section 4.2): y = Aᵀ(G g · Bᵀ d).
///
/// In two axes a kernel of 3 × 3 takes 36 multiplications for 16 outputs, a quarter of 144. In f32 the factors up to 8 cost
/// about one digit.
enum WinogradTransform {
  typealias Lanes = SIMD16<Float>

  /// Inputs and products along an axis, and outputs.
  static let side = 6
  static let outputs = 4
  /// Products of a tile of 4 × 4 outputs.
  static let products = side * side

  /// Bᵀ d.
  @inline(__always)
  static func input(
    _ d0: Lanes, _ d1: Lanes, _ d2: Lanes, _ d3: Lanes, _ d4: Lanes, _ d5: Lanes
  ) -> (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes) {
    let (a, b) = ((-4 as Float).times(d2, plus: d4), (-4 as Float).times(d1, plus: d3))
    let (c, e) = (d4 - d2, 2 * (d3 - d1))
    return (
      (4 as Float).times(d0, plus: (-5 as Float).times(d2, plus: d4)), a + b, a - b, c + e, c - e,
      (4 as Float).times(d1, plus: (-5 as Float).times(d3, plus: d5))
    )
  }

  /// G g.
  @inline(__always)
  static func kernel(_ g0: Lanes, _ g1: Lanes, _ g2: Lanes) -> (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes) {
    let (even, wide) = (g0 + g2, 4 * g2 + g0)
    return (
      g0 / 4, (even + g1) / -6, (even - g1) / -6, (wide + 2 * g1) / 24, (wide - 2 * g1) / 24, g2
    )
  }

  /// Aᵀ m.
  @inline(__always)
  static func output(
    _ m0: Lanes, _ m1: Lanes, _ m2: Lanes, _ m3: Lanes, _ m4: Lanes, _ m5: Lanes
  ) -> (Lanes, Lanes, Lanes, Lanes) {
    let (s, t) = (m1 + m2, m1 - m2)
    let (u, v) = (m3 + m4, m3 - m4)
    return (
      m0 + s + u, (2 as Float).times(v, plus: t), (4 as Float).times(u, plus: s),
      (8 as Float).times(v, plus: t) + m5
    )
  }
}

extension Float {
  /// self · x + y.
  @inline(__always)
  fileprivate func times(_ x: SIMD16<Float>, plus y: SIMD16<Float>) -> SIMD16<Float> {
    y.addingProduct(SIMD16(repeating: self), x)
  }
}

/// Four outputs of a filter with three taps from six inputs by six multiplications, F(4, 3) of Winograd's minimal filtering
/// (Lavin and Gray: Fast algorithms for convolutional neural networks, CVPR 2016, section 4.2): y = Aᵀ(G g · Bᵀ d).
///
/// In three axes a kernel of 3³ takes 216 multiplications for 64 outputs, an eighth of 1,728. In f32 the factors up to 8
/// cost one digit to one and a half.
enum WinogradTransform {
  typealias Lanes = SIMD16<Float>

  /// Inputs and products along an axis, and outputs.
  static let side = 6
  static let outputs = 4
  /// Products of a plane of a tile, and of all of it: depth, height, width.
  static let planeProducts = side * side
  static let products = side * planeProducts

  /// Bᵀ d.
  @inline(__always)
  static func input(
    _ d0: Lanes, _ d1: Lanes, _ d2: Lanes, _ d3: Lanes, _ d4: Lanes, _ d5: Lanes
  ) -> (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes) {
    let (a, b) = (near(d1, d2, d3, d4), far(d1, d2, d3, d4))
    return (outer(d0, d2, d4), a.0, a.1, b.0, b.1, outer(d1, d3, d5))
  }

  /// Bᵀ d B of a plane of 6² inputs, `load` having the place of each, to places `distance` apart.
  ///
  /// - Parameter lines: Room for 36.
  @inline(__always)
  static func inputPlane(
    to place: UnsafeMutablePointer<Float>, distance: Int, through lines: UnsafeMutableBufferPointer<Lanes>,
    _ load: (_ y: Int, _ x: Int) -> Lanes
  ) {
    for y in 0..<6 {
      let v = input(load(y, 0), load(y, 1), load(y, 2), load(y, 3), load(y, 4), load(y, 5))
      lines[6 * y] = v.0
      lines[6 * y + 1] = v.1
      lines[6 * y + 2] = v.2
      lines[6 * y + 3] = v.3
      lines[6 * y + 4] = v.4
      lines[6 * y + 5] = v.5
    }
    for x in 0..<6 {
      let v = input(lines[x], lines[6 + x], lines[12 + x], lines[18 + x], lines[24 + x], lines[30 + x])
      let place = place + x * distance
      Float.store16(v.0, place)
      Float.store16(v.1, place + 6 * distance)
      Float.store16(v.2, place + 12 * distance)
      Float.store16(v.3, place + 18 * distance)
      Float.store16(v.4, place + 24 * distance)
      Float.store16(v.5, place + 30 * distance)
    }
  }

  /// The products that are made together: by ``outer(_:_:_:)``, ``near(_:_:_:_:)`` and ``far(_:_:_:_:)``.
  static let inputPairs = [[0, 5], [1, 2], [3, 4]]

  /// The first product's input, and the last one's from inputs one place further.
  @inline(__always)
  static func outer(_ d0: Lanes, _ d2: Lanes, _ d4: Lanes) -> Lanes {
    (4 as Float).times(d0, plus: (-5 as Float).times(d2, plus: d4))
  }

  /// Those of the points 1 and −1.
  @inline(__always)
  static func near(_ d1: Lanes, _ d2: Lanes, _ d3: Lanes, _ d4: Lanes) -> (Lanes, Lanes) {
    let (even, odd) = ((-4 as Float).times(d2, plus: d4), (-4 as Float).times(d1, plus: d3))
    return (even + odd, even - odd)
  }

  /// Those of the points 2 and −2.
  @inline(__always)
  static func far(_ d1: Lanes, _ d2: Lanes, _ d3: Lanes, _ d4: Lanes) -> (Lanes, Lanes) {
    let (even, odd) = (d4 - d2, 2 * (d3 - d1))
    return (even + odd, even - odd)
  }

  /// G g.
  @inline(__always)
  static func kernel(_ g0: Lanes, _ g1: Lanes, _ g2: Lanes) -> (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes) {
    let (even, wide) = (g0 + g2, 4 * g2 + g0)
    return (
      g0 / 4, (even + g1) / -6, (even - g1) / -6, (wide + 2 * g1) / 24, (wide - 2 * g1) / 24, g2
    )
  }

  /// G g of `step` lines side by side, their three values `step` apart from `source` on, to lines of six from `target` on,
  /// which may be the same place.
  static func growKernel(
    _ values: UnsafeMutableBufferPointer<Lanes>, from source: Int, to target: Int, step: Int
  ) {
    for place in (0..<step).reversed() {
      let g = source + place
      let v = kernel(values[g], values[g + step], values[g + 2 * step])
      for (product, value) in [v.0, v.1, v.2, v.3, v.4, v.5].enumerated() {
        values[target + place + product * step] = value
      }
    }
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

/// Nearest-neighbour ×2 up-sampling followed by a 3ⁿ convolution (padding 1) equals one transposed convolution with a 4ⁿ
/// kernel, stride 2 and padding 1, at a third of the operations.
///
/// Along each axis, tap `a` of the transposed kernel is the sum of the taps 2 − a and 3 − a of the convolution that
/// exist: output o = 2i + a − 1 meets input i through tap t exactly where a + t is 2 or 3.
enum UpsamplingWeights {
  /// `out × in × 3ⁿ` to `in × out × 4ⁿ`.
  static func expand(
    _ weights: UnsafePointer<Float>, outputs: Int, inputs: Int, axes: Int,
    to expanded: UnsafeMutablePointer<Float>,
    team: Team
  ) {
    team.forEachSlab(of: inputs) { _, slab in
      for i in slab {
        for o in 0..<outputs {
          spread(
            weights + (o * inputs + i) * (axes == 3 ? 27 : 9),
            expanded + (i * outputs + o) * (axes == 3 ? 64 : 16), depth: axes == 3)
        }
      }
    }
  }

  /// The transpose of `expand`, for gradients.
  static func contract(
    _ expanded: UnsafePointer<Float>, outputs: Int, inputs: Int, axes: Int,
    to weights: UnsafeMutablePointer<Float>,
    adding: Bool, team: Team
  ) {
    team.forEachSlab(of: outputs) { _, slab in
      for o in slab {
        for i in 0..<inputs {
          gather(
            expanded + (i * outputs + o) * (axes == 3 ? 64 : 16),
            weights + (o * inputs + i) * (axes == 3 ? 27 : 9), depth: axes == 3, adding: adding)
        }
      }
    }
  }

  @inline(__always)
  private static func spread(_ w: UnsafePointer<Float>, _ e: UnsafeMutablePointer<Float>, depth: Bool) {
    for a in 0..<(depth ? 4 : 1) {
      var plane = (SIMD4<Float>.zero, SIMD4<Float>.zero, SIMD4<Float>.zero)
      for t in depth ? taps(a) : 0..<1 {
        let rows = w + 9 * t
        plane.0 += row(rows)
        plane.1 += row(rows + 3)
        plane.2 += row(rows + 6)
      }
      let target = UnsafeMutableRawPointer(e + 16 * a)
      target.storeBytes(of: plane.2, as: SIMD4<Float>.self)
      target.storeBytes(of: plane.1 + plane.2, toByteOffset: 16, as: SIMD4<Float>.self)
      target.storeBytes(of: plane.0 + plane.1, toByteOffset: 32, as: SIMD4<Float>.self)
      target.storeBytes(of: plane.0, toByteOffset: 48, as: SIMD4<Float>.self)
    }
  }

  @inline(__always)
  private static func gather(
    _ e: UnsafePointer<Float>, _ w: UnsafeMutablePointer<Float>, depth: Bool, adding: Bool
  ) {
    for t in 0..<(depth ? 3 : 1) {
      var rows = (SIMD4<Float>.zero, SIMD4<Float>.zero, SIMD4<Float>.zero, SIMD4<Float>.zero)
      for a in depth ? 2 - t..<4 - t : 0..<1 {
        let source = UnsafeRawPointer(e + 16 * a)
        rows.0 += source.loadUnaligned(as: SIMD4<Float>.self)
        rows.1 += source.loadUnaligned(fromByteOffset: 16, as: SIMD4<Float>.self)
        rows.2 += source.loadUnaligned(fromByteOffset: 32, as: SIMD4<Float>.self)
        rows.3 += source.loadUnaligned(fromByteOffset: 48, as: SIMD4<Float>.self)
      }
      put(rows.2 + rows.3, w + 9 * t, adding)
      put(rows.1 + rows.2, w + 9 * t + 3, adding)
      put(rows.0 + rows.1, w + 9 * t + 6, adding)
    }
  }

  /// The taps of the 3-kernel that tap `a` of the 4-kernel sums.
  @inline(__always) private static func taps(_ a: Int) -> Range<Int> { max(0, 2 - a)..<min(3, 4 - a) }

  @inline(__always) private static func row(_ w: UnsafePointer<Float>) -> SIMD4<Float> {
    [w[2], w[1] + w[2], w[0] + w[1], w[0]]
  }

  @inline(__always)
  private static func put(_ sums: SIMD4<Float>, _ w: UnsafeMutablePointer<Float>, _ adding: Bool) {
    let values = SIMD3<Float>(sums[2] + sums[3], sums[1] + sums[2], sums[0] + sums[1])
    for k in 0..<3 { w[k] = adding ? w[k] + values[k] : values[k] }
  }
}

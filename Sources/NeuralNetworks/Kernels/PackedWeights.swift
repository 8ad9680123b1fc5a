import COneDNN

/// Kernels of convolutions in bf16 with the input channels last: `out × taps × in`. oneDNN brings them from there to any
/// layout of its own several times as fast as from row-major f32, whose reorders go number by number.
enum PackedWeights {
  typealias Place = UnsafeMutablePointer<BFloat16>

  /// From `out × in × taps`; `inputs` is a multiple of 16.
  static func pack(
    _ weights: UnsafePointer<Float>, outputs: Int, inputs: Int, taps: Int, to packed: Place, team: Team
  ) {
    team.forEachSlab(of: outputs) { _, slab in
      for o in slab {
        for i in stride(from: 0, to: inputs, by: 16) {
          let source = weights + (o * inputs + i) * taps
          for t in 0..<taps {
            BFloat16.store16(nn_gather16(source + t, taps), packed + (o * taps + t) * inputs + i)
          }
        }
      }
    }
  }

  /// From `out × in × taps` to the kernel of the data gradient, `in × taps × out` with the taps in reverse; `outputs` is a
  /// multiple of 16.
  static func packMirrored(
    _ weights: UnsafePointer<Float>, outputs: Int, inputs: Int, taps: Int, to packed: Place, team: Team
  ) {
    team.forEachSlab(of: inputs) { _, slab in
      for o in stride(from: 0, to: outputs, by: 16) {
        for i in slab {
          let source = weights + (o * inputs + i) * taps
          for t in 0..<taps {
            BFloat16.store16(
              nn_gather16(source + taps - 1 - t, inputs * taps), packed + (i * taps + t) * outputs + o)
          }
        }
      }
    }
  }

  /// The same in f32 and row-major: `in × out × taps`.
  static func mirror(
    _ weights: UnsafePointer<Float>, outputs: Int, inputs: Int, taps: Int,
    to mirrored: UnsafeMutablePointer<Float>, team: Team
  ) {
    team.forEachSlab(of: inputs) { _, slab in
      for o in 0..<outputs {
        for i in slab {
          let source = weights + (o * inputs + i) * taps
          let target = mirrored + (i * outputs + o) * taps
          for t in 0..<taps { target[t] = source[taps - 1 - t] }
        }
      }
    }
  }

  /// What ``UpsamplingWeights/expand(_:outputs:inputs:axes:to:team:)`` makes, from `out × in × 3³` to `in × 4³ × out`;
  /// `outputs` is a multiple of 16.
  static func expand(
    _ weights: UnsafePointer<Float>, outputs: Int, inputs: Int, to packed: Place, team: Team
  ) {
    team.forEachSlab(of: inputs) { _, slab in
      withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: expansion) { buffer in
        guard let taps = buffer.baseAddress else { return }
        for o in stride(from: 0, to: outputs, by: 16) {
          for i in slab {
            let source = weights + (o * inputs + i) * 27
            for t in 0..<27 { taps[t] = nn_gather16(source + t, 27 * inputs) }
            let wide = expand(taps)
            for t in 0..<64 { BFloat16.store16(wide[t], packed + (i * 64 + t) * outputs + o) }
          }
        }
      }
    }
  }

  /// Vectors that `expand(_:)` needs.
  static let expansion = 27 + 36 + 48 + 64

  /// The 64 taps of the transposed kernel, from 27 at the beginning of a buffer of `expansion` vectors; they lie in it.
  static func expand(_ taps: UnsafeMutablePointer<SIMD16<Float>>) -> UnsafeMutablePointer<SIMD16<Float>> {
    let (deep, high, wide) = (taps + 27, taps + 63, taps + 111)
    spread(taps, outer: 1, inner: 9, to: deep)
    spread(deep, outer: 4, inner: 3, to: high)
    spread(high, outer: 16, inner: 1, to: wide)
    return wide
  }

  /// One axis of three taps to the four of the transposed kernel: each is the sum of the taps 2 − a and 3 − a that exist.
  @inline(__always)
  private static func spread(
    _ x: UnsafePointer<SIMD16<Float>>, outer: Int, inner: Int, to y: UnsafeMutablePointer<SIMD16<Float>>
  ) {
    for n in 0..<outer {
      for k in 0..<inner {
        let source = x + n * 3 * inner + k
        let target = y + n * 4 * inner + k
        let (a, b, c) = (source[0], source[inner], source[2 * inner])
        target[0] = c
        target[inner] = b + c
        target[2 * inner] = a + b
        target[3 * inner] = a
      }
    }
  }
}

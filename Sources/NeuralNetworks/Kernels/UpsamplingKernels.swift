enum UpsamplingKernels {
  /// The input positions that an output position of one axis mixes.
  struct Tap {
    var first: Int
    var second: Int
    /// Share of `second`.
    var weight: Float
  }
  typealias Taps = UnsafePointer<Tap>

  static func taps(_ kind: Upsampling.Kind, from input: Int, to output: Int) -> [Tap] {
    (0..<output).map { position in
      switch kind {
      case .nearest:
        return Tap(first: position * input / output, second: position * input / output, weight: 0)
      case .linear:
        // Half-pixel convention: centres align, positions outside repeat the edge.
        let place = max(0, (Float(position) + 0.5) * Float(input) / Float(output) - 0.5)
        let first = min(Int(place), input - 1)
        return Tap(first: first, second: min(first + 1, input - 1), weight: place - Float(first))
      }
    }
  }

  static func forward<E: ImageScalar>(
    _ x: ImageView<E>, _ input: SIMD3<Int>, _ taps: (Taps, Taps, Taps), to y: ImageView<E>,
    _ output: SIMD3<Int>,
    lines: Range<Int>
  ) {
    PoolingKernels.forEachOutput(output, lines) { row, sample, d, h, w in
      var channel = 0
      while channel < x.channels {
        let width = min(16, x.channels - channel)
        var sum = SIMD16<Float>.zero
        forEachCorner(taps, d, h, w, input) { position, weight in
          sum = sum.addingProduct(
            E.load(x[sample * x.pixels + position] + channel, width), SIMD16(repeating: weight))
        }
        E.store(sum, y[row] + channel, width)
        channel += 16
      }
    }
  }

  static func backward<E: ImageScalar>(
    _ dy: ImageView<E>, _ output: SIMD3<Int>, _ taps: (Taps, Taps, Taps), to dx: ImageView<E>,
    _ input: SIMD3<Int>, lines: Range<Int>, channels: Range<Int>
  ) {
    PoolingKernels.forEachOutput(output, lines) { row, sample, d, h, w in
      var channel = channels.lowerBound
      while channel < channels.upperBound {
        let width = min(16, channels.upperBound - channel)
        let gradient = E.load(dy[row] + channel, width)
        forEachCorner(taps, d, h, w, input) { position, weight in
          let target = dx[sample * dx.pixels + position] + channel
          E.store(E.load(target, width).addingProduct(gradient, SIMD16(repeating: weight)), target, width)
        }
        channel += 16
      }
    }
  }

  /// The corners with a weight other than zero.
  @inline(__always)
  private static func forEachCorner(
    _ taps: (Taps, Taps, Taps), _ d: Int, _ h: Int, _ w: Int, _ input: SIMD3<Int>,
    _ body: (_ position: Int, _ weight: Float) -> Void
  ) {
    let (a, b, c) = (taps.0[d], taps.1[h], taps.2[w])
    for i in 0..<(a.weight == 0 ? 1 : 2) {
      let (z, u) = i == 0 ? (a.first, 1 - a.weight) : (a.second, a.weight)
      for j in 0..<(b.weight == 0 ? 1 : 2) {
        let (y, v) = j == 0 ? (b.first, 1 - b.weight) : (b.second, b.weight)
        for k in 0..<(c.weight == 0 ? 1 : 2) {
          let (x, t) = k == 0 ? (c.first, 1 - c.weight) : (c.second, c.weight)
          body((z * input[1] + y) * input[2] + x, u * v * t)
        }
      }
    }
  }
}

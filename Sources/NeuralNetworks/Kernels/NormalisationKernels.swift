// Sums over the pixels of each channel, and the affine maps made of them. Pixels are taken in chunks that stay in the
// first-level cache, so that every channel block of a chunk reads memory that is already there; sums of a chunk are in
// `Float`, sums of chunks in `Double`.

enum NormalisationKernels {
  /// Pixels to a chunk.
  @inline(__always) static func chunk(channels: Int) -> Int { max(16, min(256, 4096 / max(1, channels))) }

  /// Sums of x − shift and (x − shift)² per channel over `rows`, added to `sums` (2 × channels).
  static func moments<E: ImageScalar>(
    _ x: ImageView<E>, rows: Range<Int>, shift: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Double>
  ) {
    let channels = x.channels
    let step = chunk(channels: channels)
    var start = rows.lowerBound
    while start < rows.upperBound {
      let end = min(start + step, rows.upperBound)
      var channel = 0
      while channel < channels {
        let width = min(16, channels - channel)
        let origin = Float.load(shift + channel, width)
        var (s0, s1, q0, q1) = (
          SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero
        )
        var row = start
        while row + 1 < end {
          let a = E.load(x[row] + channel, width) - origin
          let b = E.load(x[row + 1] + channel, width) - origin
          s0 += a
          s1 += b
          q0 = q0.addingProduct(a, a)
          q1 = q1.addingProduct(b, b)
          row += 2
        }
        if row < end {
          let a = E.load(x[row] + channel, width) - origin
          s0 += a
          q0 = q0.addingProduct(a, a)
        }
        add(s0 + s1, to: sums + channel, width)
        add(q0 + q1, to: sums + channels + channel, width)
        channel += 16
      }
      start = end
    }
  }

  /// y = f(scale · x + shift).
  static func apply<E: ImageScalar, F: Pointwise>(
    _ x: ImageView<E>, rows: Range<Int>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    _ function: F,
    to y: ImageView<E>
  ) {
    forEachBlock(rows, x.channels) { start, end, channel, width in
      let a = Float.load(scale + channel, width)
      let b = Float.load(shift + channel, width)
      for row in start..<end {
        let value = b.addingProduct(a, E.load(x[row] + channel, width))
        E.store(function(value), y[row] + channel, width)
      }
    }
  }

  /// Sums of g and g · (x − mean) per channel, g = dy · f'(scale · x + shift), added to `sums` (2 × channels).
  static func gradientMoments<E: ImageScalar, F: Pointwise>(
    _ x: ImageView<E>, _ dy: ImageView<E>, rows: Range<Int>, scale: UnsafePointer<Float>,
    shift: UnsafePointer<Float>, mean: UnsafePointer<Float>, _ function: F,
    into sums: UnsafeMutablePointer<Double>
  ) {
    forEachBlock(rows, x.channels) { start, end, channel, width in
      let a = Float.load(scale + channel, width)
      let b = Float.load(shift + channel, width)
      let m = Float.load(mean + channel, width)
      var (s, q) = (SIMD16<Float>.zero, SIMD16<Float>.zero)
      for row in start..<end {
        let value = E.load(x[row] + channel, width)
        let g = E.load(dy[row] + channel, width) * function.derivative(b.addingProduct(a, value))
        s += g
        q = q.addingProduct(g, value - m)
      }
      add(s, to: sums + channel, width)
      add(q, to: sums + x.channels + channel, width)
    }
  }

  /// dx = p · g + q · x + r with g as above.
  static func gradient<E: ImageScalar, F: Pointwise>(
    _ x: ImageView<E>, _ dy: ImageView<E>, rows: Range<Int>, scale: UnsafePointer<Float>,
    shift: UnsafePointer<Float>, coefficients: UnsafePointer<Float>, _ function: F, to dx: ImageView<E>,
    adding: Bool
  ) {
    let channels = x.channels
    forEachBlock(rows, channels) { start, end, channel, width in
      let a = Float.load(scale + channel, width)
      let b = Float.load(shift + channel, width)
      let p = Float.load(coefficients + channel, width)
      let q = Float.load(coefficients + channels + channel, width)
      let r = Float.load(coefficients + 2 * channels + channel, width)
      for row in start..<end {
        let value = E.load(x[row] + channel, width)
        let g = E.load(dy[row] + channel, width) * function.derivative(b.addingProduct(a, value))
        var result = r.addingProduct(q, value).addingProduct(p, g)
        if adding { result += E.load(dx[row] + channel, width) }
        E.store(result, dx[row] + channel, width)
      }
    }
  }

  /// Sums of x per channel, added to `sums`.
  static func sums<E: ImageScalar>(
    _ x: ImageView<E>, rows: Range<Int>, into sums: UnsafeMutablePointer<Double>
  ) {
    forEachBlock(rows, x.channels) { start, end, channel, width in
      var s = SIMD16<Float>.zero
      for row in start..<end { s += E.load(x[row] + channel, width) }
      add(s, to: sums + channel, width)
    }
  }

  @inline(__always)
  static func forEachBlock(_ rows: Range<Int>, _ channels: Int, _ body: (Int, Int, Int, Int) -> Void) {
    let step = chunk(channels: channels)
    var start = rows.lowerBound
    while start < rows.upperBound {
      let end = min(start + step, rows.upperBound)
      var channel = 0
      while channel + 16 <= channels {
        body(start, end, channel, 16)
        channel += 16
      }
      if channel < channels { body(start, end, channel, channels - channel) }
      start = end
    }
  }

  @inline(__always)
  private static func add(_ value: SIMD16<Float>, to sums: UnsafeMutablePointer<Double>, _ width: Int) {
    for lane in 0..<width { sums[lane] += Double(value[lane]) }
  }
}

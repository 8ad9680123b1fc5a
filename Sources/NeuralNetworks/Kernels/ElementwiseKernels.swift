import Numerics

enum ElementwiseKernels {
  /// y = x, or y += x.
  static func copy<E: ImageScalar>(_ x: ImageView<E>, rows: Range<Int>, to y: ImageView<E>, adding: Bool) {
    if !adding && x.stride == x.channels && y.stride == x.channels {
      y[rows.lowerBound].update(from: x[rows.lowerBound], count: rows.count * x.channels)
      return
    }
    NormalisationKernels.forEachBlock(rows, x.channels) { start, end, channel, width in
      for row in start..<end {
        let target = y[row] + channel
        let value = E.load(x[row] + channel, width)
        E.store(adding ? E.load(target, width) + value : value, target, width)
      }
    }
  }

  /// y = 0.
  static func clear<E: ImageScalar>(_ y: ImageView<E>, rows: Range<Int>) {
    for row in rows { y[row].update(repeating: E(0), count: y.channels) }
  }

  /// y = a + b.
  static func add<E: ImageScalar>(
    _ a: ImageView<E>, _ b: ImageView<E>, rows: Range<Int>, to y: ImageView<E>
  ) {
    NormalisationKernels.forEachBlock(rows, a.channels) { start, end, channel, width in
      for row in start..<end {
        E.store(E.load(a[row] + channel, width) + E.load(b[row] + channel, width), y[row] + channel, width)
      }
    }
  }

  /// y = a · b, value by value.
  static func multiply<E: ImageScalar>(
    _ a: ImageView<E>, _ b: ImageView<E>, rows: Range<Int>, to y: ImageView<E>, adding: Bool
  ) {
    NormalisationKernels.forEachBlock(rows, a.channels) { start, end, channel, width in
      for row in start..<end {
        var value = E.load(a[row] + channel, width) * E.load(b[row] + channel, width)
        if adding { value += E.load(y[row] + channel, width) }
        E.store(value, y[row] + channel, width)
      }
    }
  }

  /// y = a · g with one gate per sample and channel; `rows` lie in one sample.
  static func scaleChannels<E: ImageScalar>(
    _ a: ImageView<E>, gate: UnsafePointer<E>, rows: Range<Int>, to y: ImageView<E>, adding: Bool
  ) {
    NormalisationKernels.forEachBlock(rows, a.channels) { start, end, channel, width in
      let g = E.load(gate + channel, width)
      for row in start..<end {
        var value = E.load(a[row] + channel, width) * g
        if adding { value += E.load(y[row] + channel, width) }
        E.store(value, y[row] + channel, width)
      }
    }
  }

  /// y = a · g with one gate per pixel.
  static func scalePixels<E: ImageScalar>(
    _ a: ImageView<E>, gate: ImageView<E>, rows: Range<Int>, to y: ImageView<E>, adding: Bool
  ) {
    NormalisationKernels.forEachBlock(rows, a.channels) { start, end, channel, width in
      for row in start..<end {
        var value = E.load(a[row] + channel, width) * gate[row].pointee.float
        if adding { value += E.load(y[row] + channel, width) }
        E.store(value, y[row] + channel, width)
      }
    }
  }

  /// Every row of y = factor · values, or added.
  static func spread<E: ImageScalar>(
    _ values: UnsafePointer<E>, times factor: Float, rows: Range<Int>, to y: ImageView<E>, adding: Bool
  ) {
    NormalisationKernels.forEachBlock(rows, y.channels) { start, end, channel, width in
      let value = E.load(values + channel, width) * factor
      for row in start..<end {
        let target = y[row] + channel
        E.store(adding ? E.load(target, width) + value : value, target, width)
      }
    }
  }

  /// Sums of a · b per channel over `rows`, added to `sums`.
  static func channelProducts<E: ImageScalar>(
    _ a: ImageView<E>, _ b: ImageView<E>, rows: Range<Int>, into sums: UnsafeMutablePointer<Double>
  ) {
    NormalisationKernels.forEachBlock(rows, a.channels) { start, end, channel, width in
      var sum = SIMD16<Float>.zero
      for row in start..<end {
        sum = sum.addingProduct(E.load(a[row] + channel, width), E.load(b[row] + channel, width))
      }
      for lane in 0..<width { sums[channel + lane] += Double(sum[lane]) }
    }
  }

  /// Sums of a · b over the channels of each pixel.
  static func pixelProducts<E: ImageScalar>(
    _ a: ImageView<E>, _ b: ImageView<E>, rows: Range<Int>, to y: ImageView<E>, adding: Bool
  ) {
    for row in rows {
      var sum = SIMD16<Float>.zero
      var channel = 0
      while channel < a.channels {
        let width = min(16, a.channels - channel)
        sum = sum.addingProduct(E.load(a[row] + channel, width), E.load(b[row] + channel, width))
        channel += 16
      }
      let value = sum.sum() + (adding ? y[row].pointee.float : 0)
      y[row].pointee = E(value)
    }
  }

  /// exp(x) / Σ exp(x) over the channels of each pixel.
  static func softmax<E: ImageScalar>(_ x: ImageView<E>, rows: Range<Int>, to y: ImageView<E>) {
    for row in rows {
      var largest = -Float.infinity
      for c in 0..<x.channels { largest = max(largest, x[row][c].float) }
      var sum: Float = 0
      for c in 0..<x.channels { sum += exponential(x[row][c].float - largest) }
      for c in 0..<x.channels { y[row][c] = E(exponential(x[row][c].float - largest) / sum) }
    }
  }

  /// dx = y (dy − Σ dy·y).
  static func softmaxGradient<E: ImageScalar>(
    _ y: ImageView<E>, _ dy: ImageView<E>, rows: Range<Int>, to dx: ImageView<E>, adding: Bool
  ) {
    for row in rows {
      var sum: Float = 0
      for c in 0..<y.channels { sum += dy[row][c].float * y[row][c].float }
      for c in 0..<y.channels {
        let value = y[row][c].float * (dy[row][c].float - sum)
        dx[row][c] = E(value + (adding ? dx[row][c].float : 0))
      }
    }
  }

  /// Row-major N C spatial to channels last.
  static func fromPlanes<E: ImageScalar>(
    _ planes: UnsafePointer<Float>, rows: Range<Int>, to y: ImageView<E>, adding: Bool = false
  ) {
    // Sixteen pixels of a plane are a line of the cache. Planes often lie a power of two apart, so that lines of more channels
    // than a set of the first cache holds would push each other out between one pixel and the next.
    var row = rows.lowerBound
    while row < rows.upperBound {
      let (sample, pixel) = (row / y.pixels, row % y.pixels)
      let count = min(16, rows.upperBound - row, y.pixels - pixel)
      for c in 0..<y.channels {
        let plane = planes + (sample * y.channels + c) * y.pixels + pixel
        for i in 0..<count {
          y[row + i][c] = E(adding ? y[row + i][c].float + plane[i] : plane[i])
        }
      }
      row += count
    }
  }

  /// Channels last to row-major N C spatial.
  static func toPlanes<E: ImageScalar>(
    _ x: ImageView<E>, rows: Range<Int>, to planes: UnsafeMutablePointer<Float>
  ) {
    for row in rows {
      let (sample, pixel) = (row / x.pixels, row % x.pixels)
      for c in 0..<x.channels { planes[(sample * x.channels + c) * x.pixels + pixel] = x[row][c].float }
    }
  }

  @inline(__always) private static func exponential(_ x: Float) -> Float {
    exp(SIMD16<Float>(repeating: x))[0]
  }
}

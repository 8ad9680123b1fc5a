/// A 1ⁿ convolution to one or a few channels: every output is a sum over the channels of one pixel.
///
/// Matrix kernels fill the missing output channels with zeros and pass over the image twice on the way back.
enum HeadKernels {
  /// y = W x + bias, `weights` output × input channels; input channels are a multiple of 16.
  static func forward<E: ImageScalar>(
    _ x: ImageView<E>, rows: Range<Int>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    to y: ImageView<E>
  ) {
    for output in 0..<y.channels {
      let factors = weights + output * x.channels
      let shift = bias?[output] ?? 0
      for row in rows {
        var sum = SIMD16<Float>.zero
        for channel in stride(from: 0, to: x.channels, by: 16) {
          sum = sum.addingProduct(E.load16(x[row] + channel), Float.load16(factors + channel))
        }
        y[row][output] = E(shift + sum.sum())
      }
    }
  }

  /// dx = Wᵀ dy, written or added; Σ dy · x per output and input channel, then Σ dy per output, added to `sums`.
  static func backward<E: ImageScalar>(
    _ x: ImageView<E>, _ dy: ImageView<E>, rows: Range<Int>, weights: UnsafePointer<Float>,
    to dx: ImageView<E>?, adding: Bool, into sums: UnsafeMutablePointer<Double>
  ) {
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: 256) {
      let end = min(start + 256, rows.upperBound)
      for channel in stride(from: 0, to: x.channels, by: 16) {
        for output in 0..<dy.channels {
          var sum = SIMD16<Float>.zero
          for row in start..<end {
            sum = sum.addingProduct(E.load16(x[row] + channel), SIMD16(repeating: dy[row][output].float))
          }
          let place = sums + output * x.channels + channel
          for lane in 0..<16 { place[lane] += Double(sum[lane]) }
        }
        guard let dx else { continue }
        for row in start..<end {
          var value = adding ? E.load16(dx[row] + channel) : .zero
          for output in 0..<dy.channels {
            value = value.addingProduct(
              Float.load16(weights + output * x.channels + channel),
              SIMD16(repeating: dy[row][output].float))
          }
          E.store16(value, dx[row] + channel)
        }
      }
      for output in 0..<dy.channels {
        var sum: Float = 0
        for row in start..<end { sum += dy[row][output].float }
        sums[dy.channels * x.channels + output] += Double(sum)
      }
    }
  }
}

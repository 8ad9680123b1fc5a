/// A 3³ convolution of an image with one channel: every output pixel is 27 numbers times 27 vectors.
///
/// oneDNN's bf16 kernels fill the missing input channels with zeros, which costs ten times the work. The image is
/// copied once between borders of zeros, so that no tap needs a test.
enum StemKernels {
  /// Scalars of an image between borders.
  static func paddedCount(batch: Int, _ e: SIMD3<Int>) -> Int {
    batch * (e[0] + 2) * (e[1] + 2) * (e[2] + 2) + 16
  }

  /// Row (sample, depth) of the image between zeros; the borders are zero before.
  static func pad<E: ImageScalar>(
    _ x: ImageView<E>, _ e: SIMD3<Int>, planes: Range<Int>, to padded: UnsafeMutablePointer<Float>
  ) {
    for plane in planes {
      let (n, d) = (plane / e[0], plane % e[0])
      for h in 0..<e[1] {
        let target = padded + ((n * (e[0] + 2) + d + 1) * (e[1] + 2) + h + 1) * (e[2] + 2) + 1
        for w in 0..<e[2] { target[w] = x[(plane * e[1] + h) * e[2] + w].pointee.float }
      }
    }
  }

  /// y = f(k ∗ x + bias) for lines (sample, depth, height); `kernel` is tap × channels.
  static func forward<E: ImageScalar, F: Pointwise>(
    _ padded: UnsafePointer<Float>, _ e: SIMD3<Int>, kernel: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    _ function: F, to y: ImageView<E>, lines: Range<Int>
  ) {
    let (rowStride, planeStride) = (e[2] + 2, (e[1] + 2) * (e[2] + 2))
    for line in lines {
      let corner = padded + corner(line, e)
      var w = 0
      while w < e[2] {
        let count = min(4, e[2] - w)
        for channel in stride(from: 0, to: y.channels, by: 16) {
          let start = Float.load16(bias + channel)
          var (s0, s1, s2, s3) = (start, start, start, start)
          for i in 0..<3 {
            for j in 0..<3 {
              let source = corner + i * planeStride + j * rowStride + w
              for k in 0..<3 {
                let factor = Float.load16(kernel + ((i * 3 + j) * 3 + k) * y.channels + channel)
                s0 = s0.addingProduct(factor, SIMD16(repeating: source[k]))
                s1 = s1.addingProduct(factor, SIMD16(repeating: source[k + 1]))
                s2 = s2.addingProduct(factor, SIMD16(repeating: source[k + 2]))
                s3 = s3.addingProduct(factor, SIMD16(repeating: source[k + 3]))
              }
            }
          }
          let row = line * e[2] + w
          E.store16(function(s0), y[row] + channel)
          if count > 1 { E.store16(function(s1), y[row + 1] + channel) }
          if count > 2 { E.store16(function(s2), y[row + 2] + channel) }
          if count > 3 { E.store16(function(s3), y[row + 3] + channel) }
        }
        w += 4
      }
    }
  }

  /// Σ x · dy per tap and channel over `lines`, added to `sums` (tap × channels, double).
  static func weightGradient<E: ImageScalar>(
    _ padded: UnsafePointer<Float>, _ e: SIMD3<Int>, _ dy: ImageView<E>, lines: Range<Int>,
    into sums: UnsafeMutablePointer<Double>
  ) {
    let (rowStride, planeStride) = (e[2] + 2, (e[1] + 2) * (e[2] + 2))
    for line in lines {
      let corner = padded + corner(line, e)
      for channel in stride(from: 0, to: dy.channels, by: 16) {
        for i in 0..<3 {
          let (r0, r1) = (corner + i * planeStride, corner + i * planeStride + rowStride)
          let r2 = r1 + rowStride
          var (a0, a1, a2) = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
          var (b0, b1, b2) = (a0, a0, a0)
          var (c0, c1, c2) = (a0, a0, a0)
          for w in 0..<e[2] {
            let g = E.load16(dy[line * e[2] + w] + channel)
            a0 = a0.addingProduct(g, SIMD16(repeating: r0[w]))
            a1 = a1.addingProduct(g, SIMD16(repeating: r0[w + 1]))
            a2 = a2.addingProduct(g, SIMD16(repeating: r0[w + 2]))
            b0 = b0.addingProduct(g, SIMD16(repeating: r1[w]))
            b1 = b1.addingProduct(g, SIMD16(repeating: r1[w + 1]))
            b2 = b2.addingProduct(g, SIMD16(repeating: r1[w + 2]))
            c0 = c0.addingProduct(g, SIMD16(repeating: r2[w]))
            c1 = c1.addingProduct(g, SIMD16(repeating: r2[w + 1]))
            c2 = c2.addingProduct(g, SIMD16(repeating: r2[w + 2]))
          }
          let target = sums + i * 9 * dy.channels + channel
          add(a0, target)
          add(a1, target + dy.channels)
          add(a2, target + 2 * dy.channels)
          add(b0, target + 3 * dy.channels)
          add(b1, target + 4 * dy.channels)
          add(b2, target + 5 * dy.channels)
          add(c0, target + 6 * dy.channels)
          add(c1, target + 7 * dy.channels)
          add(c2, target + 8 * dy.channels)
        }
      }
    }
  }

  /// The first tap's place for the first pixel of a line.
  @inline(__always) private static func corner(_ line: Int, _ e: SIMD3<Int>) -> Int {
    let (n, d, h) = (line / (e[0] * e[1]), line / e[1] % e[0], line % e[1])
    return ((n * (e[0] + 2) + d) * (e[1] + 2) + h) * (e[2] + 2)
  }

  @inline(__always) private static func add(_ value: SIMD16<Float>, _ sums: UnsafeMutablePointer<Double>) {
    for lane in 0..<16 { sums[lane] += Double(value[lane]) }
  }
}

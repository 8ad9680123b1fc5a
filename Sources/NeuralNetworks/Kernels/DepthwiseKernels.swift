import COneDNN

/// Weight gradients of convolutions that filter each channel by itself, on images of two axes.
///
/// Where images are small oneDNN computes them channel by channel with a matrix product each: nearly half of the time of an
/// EfficientNet's convolutions in training. With channels last sixteen channels are one vector.
enum DepthwiseKernels {
  /// A channel's kernel and how it moves.
  struct Geometry {
    var batch: Int
    /// Height and width of the image.
    var input: SIMD2<Int>
    /// Height and width of the result.
    var output: SIMD2<Int>
    var kernel: Int
    var stride: Int
    var padding: Int
    var dilation: Int

    /// The outputs along one axis whose tap `tap` lies inside the image, and where it lies for the first of them.
    @inline(__always) func outputs(_ tap: Int, along axis: Int) -> (range: Range<Int>, first: Int) {
      let shift = tap * dilation - padding
      let low = shift >= 0 ? 0 : (stride - 1 - shift) / stride
      let last = input[axis] - 1 - shift
      let high = last < 0 ? 0 : min(output[axis], last / stride + 1)
      return (low..<max(low, high), low * stride + shift)
    }
  }

  /// dW[c][tap] = Σ dy[c] · x[c] shifted by the tap, over all positions of all samples; the channels `channels` only.
  ///
  /// Sums of a row are added to sums of the whole, so that rounding errors grow with the number of rows, not of pixels.
  static func weightGradient<E: ImageScalar>(
    _ x: UnsafePointer<E>, pixelStride: Int, _ dy: UnsafePointer<E>, resultStride: Int, _ geometry: Geometry,
    channels: Range<Int>, to gradient: UnsafeMutablePointer<Float>, adding: Bool
  ) {
    let (side, step) = (geometry.kernel, geometry.stride * pixelStride)
    let taps = side * side
    withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: taps) { sums in
      var channel = channels.lowerBound
      while channel < channels.upperBound {
        let width = min(16, channels.upperBound - channel)
        sums.update(repeating: .zero)
        for sample in 0..<geometry.batch {
          for ky in 0..<side {
            let rows = geometry.outputs(ky, along: 0)
            for row in rows.range {
              let line = rows.first + (row - rows.range.lowerBound) * geometry.stride
              let source = x + (sample * geometry.input.x + line) * geometry.input.y * pixelStride + channel
              let arrived =
                dy + (sample * geometry.output.x + row) * geometry.output.y * resultStride + channel
              for kx in 0..<side {
                let columns = geometry.outputs(kx, along: 1)
                var (from, with) = (
                  source + columns.first * pixelStride, arrived + columns.range.lowerBound * resultStride
                )
                var sum = SIMD16<Float>.zero
                if width == 16 {
                  for _ in columns.range {
                    sum.addProduct(E.load16(with), E.load16(from))
                    (from, with) = (from + step, with + resultStride)
                  }
                } else {
                  for _ in columns.range {
                    sum.addProduct(E.load(with, width), E.load(from, width))
                    (from, with) = (from + step, with + resultStride)
                  }
                }
                sums[ky * side + kx] += sum
              }
            }
          }
        }
        for lane in 0..<width {
          let target = gradient + (channel + lane) * taps
          for tap in 0..<taps { target[tap] = (adding ? target[tap] : 0) + sums[tap][lane] }
        }
        channel += 16
      }
    }
  }
}

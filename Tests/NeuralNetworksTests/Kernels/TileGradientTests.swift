import COneDNN
import NeuralNetworks
import Numerics
import Testing

/// Weight gradients on AMX tiles against the plain sum over voxels.
@Suite(.enabled(if: nn_has_tiles())) struct TileGradientTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var batch = 1
    var inputs: Int
    var outputs: Int
    /// Of the results; depth 1 in two dimensions.
    var extents: SIMD3<Int>
    var axes = 3
    var kernel = 3
    var stride = 1
    var threads = 2

    /// By axis; an image in two dimensions has neither taps nor borders in depth.
    var side: SIMD3<Int> { SIMD3(axes == 2 ? 1 : kernel, kernel, kernel) }
    var step: SIMD3<Int> { SIMD3(axes == 2 ? 1 : stride, stride, stride) }
    var padding: SIMD3<Int> { SIMD3(axes == 2 ? 0 : 1, 1, 1) }
    var image: SIMD3<Int> { extents &* step }
    var testDescription: String {
      "\(axes)D, \(batch)×\(inputs) to \(outputs) channels, \(extents), kernel \(kernel), stride \(stride), "
        + "\(threads) threads"
    }

    var shape: nn_convolution_shape {
      var shape = nn_convolution_shape()
      shape.spatial_axes = Int32(axes)
      (shape.batch, shape.in_channels, shape.out_channels) = (Int64(batch), Int64(inputs), Int64(outputs))
      func triple(_ v: SIMD3<Int>) -> (Int64, Int64, Int64) {
        axes == 2 ? (Int64(v[1]), Int64(v[2]), 0) : (Int64(v[0]), Int64(v[1]), Int64(v[2]))
      }
      (shape.in, shape.out) = (triple(image), triple(extents))
      (shape.groups, shape.dilation, shape.padding) = (1, 1, 1)
      (shape.kernel, shape.stride) = (Int64(kernel), Int64(stride))
      (shape.in_pixel_stride, shape.out_pixel_stride) = (Int64(inputs), Int64(outputs))
      shape.bfloat16 = true
      return shape
    }
  }

  static let cases = [
    Case(inputs: 16, outputs: 16, extents: [3, 4, 5]),
    Case(batch: 2, inputs: 32, outputs: 16, extents: [1, 3, 7], threads: 1),
    Case(batch: 3, inputs: 16, outputs: 48, extents: [4, 2, 2], threads: 3),
    Case(inputs: 16, outputs: 32, extents: [3, 2, 5], kernel: 4, stride: 2),
    Case(batch: 2, inputs: 32, outputs: 16, extents: [2, 3, 1], kernel: 4, stride: 2, threads: 3),
    // Large enough to be cut into slabs, with a last one that is not full, and two samples.
    Case(inputs: 16, outputs: 16, extents: [21, 66, 130], threads: 1),
    Case(batch: 2, inputs: 16, outputs: 16, extents: [9, 66, 130], threads: 2),
    Case(inputs: 16, outputs: 16, extents: [19, 34, 70], kernel: 4, stride: 2, threads: 2),
    Case(inputs: 32, outputs: 16, extents: [3, 2, 5], kernel: 3, stride: 2),
    // Two dimensions: small, halved, and in slabs of several images.
    Case(batch: 5, inputs: 32, outputs: 48, extents: [1, 4, 4], axes: 2),
    Case(inputs: 16, outputs: 16, extents: [1, 3, 7], axes: 2, threads: 1),
    Case(batch: 3, inputs: 16, outputs: 32, extents: [1, 5, 2], axes: 2, kernel: 3, stride: 2),
    Case(batch: 2, inputs: 16, outputs: 16, extents: [1, 3, 6], axes: 2, kernel: 4, stride: 2, threads: 3),
    Case(batch: 37, inputs: 32, outputs: 16, extents: [1, 32, 34], axes: 2, threads: 2),
    Case(
      batch: 37, inputs: 32, outputs: 16, extents: [1, 16, 34], axes: 2, kernel: 3, stride: 2, threads: 2),
  ]

  /// Multiples of 1/8: products and their sums are exact in single precision.
  private func values(_ count: Int, _ purpose: String) -> [Float] {
    var stream = RandomStream(seed: 21, purpose: purpose)
    return (0..<count).map { _ in Float(Int(stream.uniform(Float(0)...17)) - 8) / 8 }
  }

  /// dW[o][i][tap] = Σ dy · x, by the definition, for some entries of large cases.
  private func expected(
    _ c: Case, _ x: [Float], _ dy: [Float], entry: (o: Int, i: Int, tap: SIMD3<Int>)
  ) -> Float {
    var sum = 0.0
    for n in 0..<c.batch {
      for d in 0..<c.extents[0] {
        for h in 0..<c.extents[1] {
          for w in 0..<c.extents[2] {
            let p = SIMD3(d, h, w) &* c.step &+ entry.tap &- c.padding
            guard p.min() >= 0, p[0] < c.image[0], p[1] < c.image[1], p[2] < c.image[2] else { continue }
            let place = ((n * c.image[0] + p[0]) * c.image[1] + p[1]) * c.image[2] + p[2]
            let result = ((n * c.extents[0] + d) * c.extents[1] + h) * c.extents[2] + w
            sum += Double(x[place * c.inputs + entry.i] * dy[result * c.outputs + entry.o])
          }
        }
      }
    }
    return Float(sum)
  }

  @Test(arguments: cases) func `gradients equal the sum over voxels`(c: Case) {
    var shape = c.shape
    #expect(nn_tiles_take(&shape))
    let x = values(c.batch * c.image[0] * c.image[1] * c.image[2] * c.inputs, "x")
    let dy = values(c.batch * c.extents[0] * c.extents[1] * c.extents[2] * c.outputs, "dy")
    let taps = c.side[0] * c.side[1] * c.side[2]
    var gradient = [Float](repeating: .nan, count: c.inputs * c.outputs * taps)
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: nn_tiles_scratch_bytes(&shape, Int32(c.threads)), alignment: 64)
    defer { scratch.deallocate() }
    let (image, result) = (HalfPrecision.bfloat16(x), HalfPrecision.bfloat16(dy))
    for adding in [false, true] {
      nn_tiles_weight_gradient(&shape, image, result, &gradient, adding, Int32(c.threads), scratch)
    }
    var stream = RandomStream(seed: 22, purpose: "entries")
    for _ in 0..<40 {
      func draw(_ count: Int) -> Int { min(count - 1, Int(stream.uniform(Float(0)...Float(count)))) }
      let tap = SIMD3(draw(c.side[0]), draw(c.side[1]), draw(c.side[2]))
      let (o, i) = (draw(c.outputs), draw(c.inputs))
      let index = (o * c.inputs + i) * taps + (tap[0] * c.kernel + tap[1]) * c.kernel + tap[2]
      #expect(gradient[index] == 2 * expected(c, x, dy, entry: (o, i, tap)), "o \(o), i \(i), tap \(tap)")
    }
  }

  @Test func `other shapes are left to oneDNN`() {
    let good = TileGradientTests.cases[0].shape
    let changes: [(inout nn_convolution_shape) -> Void] = [
      { $0.in_channels = 24 }, { $0.groups = 2 }, { $0.dilation = 2 }, { $0.stride = 2 }, { $0.padding = 0 },
      { $0.bfloat16 = false }, { $0.kernel = 5 },
    ]
    for change in changes {
      var shape = good
      change(&shape)
      #expect(!nn_tiles_take(&shape))
    }
  }
}

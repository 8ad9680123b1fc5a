import COneDNN

/// Sums over channels of a pixel's value times the weights of 16 outputs, for eight pixels at once: the sums stay in
/// registers, a weight is loaded once for all of them.
struct EightSums {
  private var s0 = SIMD16<Float>.zero
  private var s1 = SIMD16<Float>.zero
  private var s2 = SIMD16<Float>.zero
  private var s3 = SIMD16<Float>.zero
  private var s4 = SIMD16<Float>.zero
  private var s5 = SIMD16<Float>.zero
  private var s6 = SIMD16<Float>.zero
  private var s7 = SIMD16<Float>.zero

  /// One channel, of pixels that lie 16 channels apart.
  @inline(__always)
  mutating func add(_ weights: SIMD16<Float>, _ channel: UnsafePointer<Float>) {
    s0 = s0.addingProduct(weights, SIMD16(repeating: channel[0]))
    s1 = s1.addingProduct(weights, SIMD16(repeating: channel[16]))
    s2 = s2.addingProduct(weights, SIMD16(repeating: channel[32]))
    s3 = s3.addingProduct(weights, SIMD16(repeating: channel[48]))
    s4 = s4.addingProduct(weights, SIMD16(repeating: channel[64]))
    s5 = s5.addingProduct(weights, SIMD16(repeating: channel[80]))
    s6 = s6.addingProduct(weights, SIMD16(repeating: channel[96]))
    s7 = s7.addingProduct(weights, SIMD16(repeating: channel[112]))
  }

  /// To eight rows that lie `stride` apart.
  @inline(__always)
  func store(_ place: UnsafeMutablePointer<Float>, stride: Int) {
    Float.store16(s0, place)
    Float.store16(s1, place + stride)
    Float.store16(s2, place + 2 * stride)
    Float.store16(s3, place + 3 * stride)
    Float.store16(s4, place + 4 * stride)
    Float.store16(s5, place + 5 * stride)
    Float.store16(s6, place + 6 * stride)
    Float.store16(s7, place + 7 * stride)
  }
}

/// The same for four pixels, where sixteen registers of eight scalars have to do.
struct FourSums {
  private var s0 = SIMD16<Float>.zero
  private var s1 = SIMD16<Float>.zero
  private var s2 = SIMD16<Float>.zero
  private var s3 = SIMD16<Float>.zero

  /// One channel, of pixels that lie 16 channels apart.
  @inline(__always)
  mutating func add(_ weights: SIMD16<Float>, _ channel: UnsafePointer<Float>) {
    s0 = s0.addingProduct(weights, SIMD16(repeating: channel[0]))
    s1 = s1.addingProduct(weights, SIMD16(repeating: channel[16]))
    s2 = s2.addingProduct(weights, SIMD16(repeating: channel[32]))
    s3 = s3.addingProduct(weights, SIMD16(repeating: channel[48]))
  }

  /// To four rows of 16.
  @inline(__always)
  func store(_ place: UnsafeMutablePointer<Float>) {
    Float.store16(s0, place)
    Float.store16(s1, place + 16)
    Float.store16(s2, place + 32)
    Float.store16(s3, place + 48)
  }
}

/// Products of pixels, in blocks of 16 channels, by the weights of 16 outputs.
enum ChannelProducts {
  /// Where the pixels of several images (taps) lie, in scalars from the first.
  struct Pixels {
    var images: [Int]
    /// From one block of 16 channels to the next.
    var block: Int
    var blocks: Int
  }

  /// sums[pixel][output], for 16 pixels and outputs; `weights` follow image, channel, output.
  static func sum(
    _ pixels: UnsafePointer<Float>, _ layout: Pixels, _ weights: UnsafePointer<Float>,
    to sums: UnsafeMutablePointer<Float>
  ) {
    if nn_has_wide_registers() {
      var (first, second) = (EightSums(), EightSums())
      forEachChannel(of: pixels, layout, weights) { factors, place in
        first.add(factors, place)
        second.add(factors, place + 128)
      }
      first.store(sums, stride: 16)
      second.store(sums + 128, stride: 16)
    } else {
      for quarter in 0..<4 {
        var four = FourSums()
        forEachChannel(of: pixels + 64 * quarter, layout, weights) { factors, place in
          four.add(factors, place)
        }
        four.store(sums + 64 * quarter)
      }
    }
  }

  /// `body` gets the weights of each channel and the place of the first pixel's value.
  @inline(__always)
  private static func forEachChannel(
    of pixels: UnsafePointer<Float>, _ layout: Pixels, _ weights: UnsafePointer<Float>,
    _ body: (_ weights: SIMD16<Float>, _ place: UnsafePointer<Float>) -> Void
  ) {
    var weights = weights
    for image in layout.images {
      var place = pixels + image
      for _ in 0..<layout.blocks {
        forEachOf16 { channel in body(Float.load16(weights + 16 * channel), place + channel) }
        weights += 256
        place += layout.block
      }
    }
  }

  /// The 16 channels of a block without a loop: with a counter, each address would need a second register, and each
  /// product with a value in memory a second instruction inside the processor.
  @inline(__always)
  private static func forEachOf16(_ body: (Int) -> Void) {
    @inline(__always) func four(_ first: Int) {
      body(first)
      body(first + 1)
      body(first + 2)
      body(first + 3)
    }
    four(0)
    four(4)
    four(8)
    four(12)
  }
}

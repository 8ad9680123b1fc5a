import COneDNN

/// Sums over channels of a pixel's value times the weights of 16 outputs, for four pixels.
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
  ///
  /// Never inlined: every specialisation of its callers would hold its 256 products a block again.
  @inline(never)
  static func sum(
    _ pixels: UnsafePointer<Float>, _ layout: Pixels, _ weights: UnsafePointer<Float>,
    to sums: UnsafeMutablePointer<Float>
  ) {
    // The sums stay in registers: of 512 bits there are enough for sixteen pixels, so that a weight is loaded once for
    // all of them; of 256 for four.
    if nn_has_wide_registers() {
      var (a, b, c, d) = (FourSums(), FourSums(), FourSums(), FourSums())
      forEachChannel(of: pixels, layout, weights) { factors, place in
        a.add(factors, place)
        b.add(factors, place + 64)
        c.add(factors, place + 128)
        d.add(factors, place + 192)
      }
      a.store(sums)
      b.store(sums + 64)
      c.store(sums + 128)
      d.store(sums + 192)
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

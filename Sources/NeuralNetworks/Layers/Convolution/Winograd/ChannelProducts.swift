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
  /// sums[pixel][output], for `pixels` rounded up to fours; `weights` follow channel, output.
  ///
  /// Never inlined: every specialisation of its callers would hold its 256 products a block again.
  /// - Parameter block: Scalars from one block of 16 channels to the next.
  @inline(never)
  static func sum(
    _ first: UnsafePointer<Float>, pixels: Int, block: Int, blocks: Int, _ weights: UnsafePointer<Float>,
    to sums: UnsafeMutablePointer<Float>
  ) {
    var pixel = 0
    // The sums stay in registers: of 512 bits there are enough for sixteen pixels, so that a weight is loaded once for
    // all of them; of 256 for four.
    if nn_has_wide_registers() {
      while pixel + 12 < pixels {
        var (a, b, c, d) = (FourSums(), FourSums(), FourSums(), FourSums())
        forEachChannel(first + 16 * pixel, block, blocks, weights) { factors, place in
          a.add(factors, place)
          b.add(factors, place + 64)
          c.add(factors, place + 128)
          d.add(factors, place + 192)
        }
        a.store(sums + 16 * pixel)
        b.store(sums + 16 * pixel + 64)
        c.store(sums + 16 * pixel + 128)
        d.store(sums + 16 * pixel + 192)
        pixel += 16
      }
    }
    while pixel < pixels {
      var four = FourSums()
      forEachChannel(first + 16 * pixel, block, blocks, weights) { factors, place in four.add(factors, place)
      }
      four.store(sums + 16 * pixel)
      pixel += 4
    }
  }

  /// `body` gets the weights of each channel and the place of the first pixel's value.
  @inline(__always)
  private static func forEachChannel(
    _ pixels: UnsafePointer<Float>, _ block: Int, _ blocks: Int, _ weights: UnsafePointer<Float>,
    _ body: (_ weights: SIMD16<Float>, _ place: UnsafePointer<Float>) -> Void
  ) {
    var (weights, place) = (weights, pixels)
    for _ in 0..<blocks {
      forEachOf16 { channel in body(Float.load16(weights + 16 * channel), place + channel) }
      weights += 256
      place += block
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

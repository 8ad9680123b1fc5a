import Numerics

/// Conversion between single precision and the two 16-bit formats of weights files, round to nearest, ties to even.
public enum HalfPrecision {
  /// The bits of `value` in bfloat16 (8 exponent bits, 7 fraction bits); NaN stays NaN.
  @inlinable @inline(__always)
  public static func bfloat16(_ value: SIMD16<Float>) -> SIMD16<UInt16> {
    let bits = unsafeBitCast(value, to: SIMD16<UInt32>.self)
    let rounded = bits &+ 0x7FFF &+ ((bits &>> 16) & 1)
    let quiet = (bits | 0x0040_0000)
    let result = rounded.replacing(with: quiet, where: value .!= value) &>> 16
    return SIMD16<UInt16>(truncatingIfNeeded: result)
  }

  /// The number with these bfloat16 bits.
  @inlinable @inline(__always)
  public static func float(bfloat16 bits: SIMD16<UInt16>) -> SIMD16<Float> {
    unsafeBitCast(SIMD16<UInt32>(truncatingIfNeeded: bits) &<< 16, to: SIMD16<Float>.self)
  }

  /// The bits of `values` in bfloat16.
  public static func bfloat16(_ values: [Float]) -> [UInt16] { converted(values) { bfloat16($0) } }

  /// The numbers with these bfloat16 bits.
  public static func floats(bfloat16 bits: [UInt16]) -> [Float] { converted(bits) { float(bfloat16: $0) } }

  /// The bits of `values` in IEEE half precision (5 exponent bits, 10 fraction bits); beyond 65504 infinity.
  public static func float16(_ values: [Float]) -> [UInt16] {
    converted(values) { unsafeBitCast(SIMD16<Float16>($0), to: SIMD16<UInt16>.self) }
  }

  /// The numbers with these half-precision bits.
  public static func floats(float16 bits: [UInt16]) -> [Float] {
    converted(bits) { SIMD16<Float>(unsafeBitCast($0, to: SIMD16<Float16>.self)) }
  }

  /// Sixteen elements at a time on all threads; the rest of the last sixteen is zero.
  @inline(__always)
  private static func converted<
    Source: SIMDScalar & Numeric & Sendable, Result: SIMDScalar & Numeric & Sendable
  >(
    _ source: [Source], _ body: @Sendable (SIMD16<Source>) -> SIMD16<Result>
  ) -> [Result] {
    [Result](unsafeUninitializedCapacity: source.count) { target, count in
      count = source.count
      source.withUnsafeBufferPointer { source in
        // Each thread writes its own range.
        nonisolated(unsafe) let (input, output) = (source, target)
        Parallel.forEachSlab(of: 0..<(source.count + 15) / 16) { blocks in
          for block in blocks {
            var lanes = SIMD16<Source>()
            let range = block * 16..<min(input.count, block * 16 + 16)
            for i in range { lanes[i - range.lowerBound] = input[i] }
            let result = body(lanes)
            for i in range { output.initializeElement(at: i, to: result[i - range.lowerBound]) }
          }
        }
      }
    }
  }
}

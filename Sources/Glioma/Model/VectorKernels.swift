/// Sixteen cells at once. The standard library's `pointwiseMax` and lane-wise `replacing` are not vectorised, so magnitude
/// and sign work on the bits.

@inline(__always)
func load16(_ pointer: UnsafePointer<Float>) -> SIMD16<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<Float>.self)
}

@inline(__always)
func load16(_ pointer: UnsafeMutablePointer<Float>) -> SIMD16<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<Float>.self)
}

@inline(__always)
func store16(_ value: SIMD16<Float>, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: SIMD16<Float>.self)
}

/// |v|.
@inline(__always)
func magnitude(_ v: SIMD16<Float>) -> SIMD16<Float> {
  unsafeBitCast(unsafeBitCast(v, to: SIMD16<UInt32>.self) & 0x7FFF_FFFF, to: SIMD16<Float>.self)
}

/// φ(v) = |v|(1 − v), the logistic reaction without its rate.
@inline(__always)
func reaction(_ v: SIMD16<Float>) -> SIMD16<Float> { magnitude(v) * (1 - v) }

/// φ'(v) = sgn(v)·(1 − 2v); at 0 the slope towards positive densities.
@inline(__always)
func reactionSlope(_ v: SIMD16<Float>) -> SIMD16<Float> {
  // Adding zero turns −0 into +0.
  let sign = unsafeBitCast(v + 0, to: SIMD16<UInt32>.self) & 0x8000_0000
  return unsafeBitCast(
    unsafeBitCast(1 - 2 * v, to: SIMD16<UInt32>.self) ^ sign, to: SIMD16<Float>.self)
}

/// How far v lies outside 0…1, with its sign: min(v, 0) + max(v − 1, 0).
@inline(__always)
func excess(_ v: SIMD16<Float>) -> SIMD16<Float> {
  let above = v - 1
  return 0.5 * (v - magnitude(v)) + 0.5 * (above + magnitude(above))
}

/// v with what is below 1e-25 set to zero: fields fade over many cells, and arithmetic with numbers that are too small
/// for a normal exponent is a hundred times slower.
@inline(__always)
func flushed(_ v: SIMD16<Float>) -> SIMD16<Float> { (v + 1e-18) - 1e-18 }

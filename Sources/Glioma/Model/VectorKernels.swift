/// Cells of a slice that one call of a kernel handles: few enough for the nearest cache. Sums are kept for each block, so
/// that they do not depend on threads.
let cellsPerBlock = 2048

/// Sixteen cells at once. The standard library's operators are loops over the lanes, which the optimiser has to turn into
/// vectors again: it does so where a formula is a chain of fused products and differences, while in a sum of two similar products it
/// mixes the lanes. Its `pointwiseMax` and `replacing` stay loops, so magnitude and sign work on the bits.

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
func reaction(_ v: SIMD16<Float>) -> SIMD16<Float> {
  let size = magnitude(v)
  return size.addingProduct(-size, v)
}

/// φ'(v) = sgn(v)·(1 − 2v); at 0 the slope towards positive densities.
@inline(__always)
func reactionSlope(_ v: SIMD16<Float>) -> SIMD16<Float> {
  // Adding zero turns −0 into +0.
  let sign = unsafeBitCast(v + 0, to: SIMD16<UInt32>.self) & 0x8000_0000
  return unsafeBitCast(
    unsafeBitCast(1 - 2 * v, to: SIMD16<UInt32>.self) ^ sign, to: SIMD16<Float>.self)
}

/// Twice what v lacks to 0, negative: 2·min(v, 0).
@inline(__always)
func twiceBelow(_ v: SIMD16<Float>) -> SIMD16<Float> { v - magnitude(v) }

/// Twice what v has beyond 1: 2·max(v − 1, 0).
@inline(__always)
func twiceAbove(_ v: SIMD16<Float>) -> SIMD16<Float> {
  let rest = v - 1
  return rest.addingProduct(SIMD16(repeating: 1), magnitude(rest))
}

/// v with what is below 1e-25 set to zero: fields fade over many cells, and arithmetic with numbers that are too small
/// for a normal exponent is a hundred times slower.
@inline(__always)
func flushed(_ v: SIMD16<Float>) -> SIMD16<Float> { (v + 1e-18) - 1e-18 }

/// v where `keep` is set, zero elsewhere; `keep` is all ones or all zeros in each lane.
@inline(__always)
func masked(_ v: SIMD16<Float>, _ keep: SIMD16<UInt32>) -> SIMD16<Float> {
  unsafeBitCast(unsafeBitCast(v, to: SIMD16<UInt32>.self) & keep, to: SIMD16<Float>.self)
}

/// v where `keep` is set, `other` elsewhere.
@inline(__always)
func merged(_ v: SIMD16<Float>, _ other: SIMD16<Float>, _ keep: SIMD16<UInt32>) -> SIMD16<Float> {
  let (bits, others) = (
    unsafeBitCast(v, to: SIMD16<UInt32>.self), unsafeBitCast(other, to: SIMD16<UInt32>.self)
  )
  return unsafeBitCast((bits & keep) | (others & ~keep), to: SIMD16<Float>.self)
}

/// Call `body` for every 16 cells of `cells` with the first one and the lanes that lie inside.
@inline(__always)
func forEach16(_ cells: Range<Int>, _ body: (_ first: Int, _ keep: SIMD16<UInt32>) -> Void) {
  let all = SIMD16<UInt32>(repeating: .max)
  var remainder = SIMD16<UInt32>.zero
  for lane in 0..<cells.count % 16 { remainder[lane] = .max }
  var p = cells.lowerBound
  // One call only, so that the body becomes part of the loop.
  while p < cells.upperBound {
    body(p, p + 16 <= cells.upperBound ? all : remainder)
    p += 16
  }
}

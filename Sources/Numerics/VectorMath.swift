/// The square roots of sixteen numbers that are not negative, to one unit in the last place; the standard library's go lane
/// by lane.
///
/// Newton's method for 1/√x from the well-known start by halving the exponent (Lomont, 2003), and one corrected step.
@inlinable @inline(__always)
public func squareRoot(_ x: SIMD16<Float>) -> SIMD16<Float> {
  let half = x * 0.5
  let start = SIMD16<UInt32>(repeating: 0x5F37_59DF) &- (unsafeBitCast(x, to: SIMD16<UInt32>.self) &>> 1)
  var inverse = unsafeBitCast(start, to: SIMD16<Float>.self)
  for _ in 0..<3 { inverse *= 1.5 - half * inverse * inverse }
  let root = x * inverse
  return root.addingProduct(0.5 * inverse, x - root * root)
}

/// exp(x) of sixteen numbers, to 2 units in the last place.
///
/// Saturates: below −87.3 the result is 2⁻¹²⁶·(1…2), above 88.7 it is near the greatest finite number.
/// Range reduction to |r| ≤ ln 2 / 2 and a polynomial of degree 6 (coefficients of Cephes `expf`, Moshier).
@inlinable @inline(__always)
public func exp(_ x: SIMD16<Float>) -> SIMD16<Float> {
  typealias V = SIMD16<Float>
  var bounded = x.replacing(with: V(repeating: -87.3), where: x .< -87.3)
  bounded.replace(with: V(repeating: 88.37), where: x .> 88.37)
  // Adding 1.5·2²³ rounds to an integer and leaves that integer in the low bits of the sum.
  let magic: Float = 12_582_912
  let shifted = V(repeating: magic).addingProduct(bounded, V(repeating: 1.442_695_04))
  let n = shifted - magic
  let r = bounded.addingProduct(n, V(repeating: -0.693_359_375)).addingProduct(
    n, V(repeating: 2.121_944_4e-4))
  var p = V(repeating: 1.987_569_15e-4)
  p = V(repeating: 1.398_199_950_7e-3).addingProduct(p, r)
  p = V(repeating: 8.333_451_907_3e-3).addingProduct(p, r)
  p = V(repeating: 4.166_579_589_4e-2).addingProduct(p, r)
  p = V(repeating: 1.666_666_545_9e-1).addingProduct(p, r)
  p = V(repeating: 5.000_000_120_1e-1).addingProduct(p, r)
  p = (r + 1).addingProduct(p, r * r)
  // p·2ⁿ: add n to the exponent of p.
  let exponent = unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &<< 23
  return unsafeBitCast(unsafeBitCast(p, to: SIMD16<UInt32>.self) &+ exponent, to: V.self)
}

/// ln(x) of sixteen numbers, to 2 units in the last place; −103 for 0 and for negative numbers.
///
/// (Cephes `logf`, Moshier.) Zero gives a finite number so that `0 · ln 0` is 0, as entropies want it.
@inlinable @inline(__always)
public func log(_ x: SIMD16<Float>) -> SIMD16<Float> {
  typealias V = SIMD16<Float>
  typealias Bits = SIMD16<Int32>
  // Subnormal numbers are scaled into the normal range; 0 becomes the least of them.
  let least = V(repeating: .leastNonzeroMagnitude)
  let positive = x.replacing(with: least, where: x .< least)
  let tiny = positive .< Float.leastNormalMagnitude
  let normal = positive.replacing(with: positive * 8_388_608, where: tiny)
  // x = m·2ᵉ with m in [√½, √2).
  let bits = unsafeBitCast(normal, to: Bits.self)
  let power = (bits &- 0x3F35_04F3) &>> 23
  let m = unsafeBitCast(bits &- (power &<< 23), to: V.self)
  // Adding e to the bits of 1.5·2²³ gives the bits of 1.5·2²³ + e.
  let e = unsafeBitCast(power &+ 0x4B40_0000, to: V.self) - 12_582_912
  let f = m - 1
  var p = V(repeating: 7.037_683_629_2e-2)
  p = V(repeating: -1.151_461_031e-1).addingProduct(p, f)
  p = V(repeating: 1.167_699_874e-1).addingProduct(p, f)
  p = V(repeating: -1.242_014_084_6e-1).addingProduct(p, f)
  p = V(repeating: 1.424_932_278_7e-1).addingProduct(p, f)
  p = V(repeating: -1.666_805_766_5e-1).addingProduct(p, f)
  p = V(repeating: 2.000_071_476_5e-1).addingProduct(p, f)
  p = V(repeating: -2.499_999_399_3e-1).addingProduct(p, f)
  p = V(repeating: 3.333_333_117_4e-1).addingProduct(p, f)
  let square = f * f
  let exponent = e.replacing(with: e - 23, where: tiny)
  var tail = p * f * square
  tail = tail.addingProduct(exponent, V(repeating: -2.121_944_4e-4)) - 0.5 * square
  return (f + tail).addingProduct(exponent, V(repeating: 0.693_359_375))
}

/// ln(1 + u) of sixteen numbers u ≥ 0, accurate for tiny u (Kahan's correction).
@inlinable @inline(__always)
public func log1p(_ u: SIMD16<Float>) -> SIMD16<Float> {
  let w = 1 + u
  return log(w) - ((w - 1) - u) / w
}

/// The logistic function 1 / (1 + exp(−x)) of sixteen numbers.
@inlinable @inline(__always)
public func sigmoid(_ x: SIMD16<Float>) -> SIMD16<Float> { 1 / (1 + exp(-x)) }

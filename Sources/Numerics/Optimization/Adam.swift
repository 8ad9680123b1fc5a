/// One Adam step (Kingma and Ba, 2015) in the form that keeps the raw moments:
/// x ← x − α·m/(√v + ε) with α = η·√(1 − β2^t)/(1 − β1^t).
public struct AdamStep: Sendable {
  /// Decay of the first moment.
  public static let firstDecay: Float = 0.9
  /// Decay of the second moment.
  public static let secondDecay: Float = 0.999
  /// ε.
  public static let epsilon: Float = 1e-7

  private let alpha: Double

  /// Step `count` (from 1) with learning rate `rate`.
  public init(rate: Double, count: Int) {
    let t = Double(count)
    let (first, second) = (0.9, 0.999)
    alpha = rate * (1 - power(second, t)).squareRoot() / (1 - power(first, t))
  }

  /// Step from `count` values to `result`, which may be the values themselves; the moments `m` and `v` change in place.
  @inlinable
  public func apply(
    _ values: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
    _ v: UnsafeMutablePointer<Float>, to result: UnsafeMutablePointer<Float>, count: Int
  ) {
    let scale = scale
    var p = 0
    while p + 16 <= count {
      let g = UnsafeRawPointer(gradient + p).loadUnaligned(as: SIMD16<Float>.self)
      var first = UnsafeRawPointer(m + p).loadUnaligned(as: SIMD16<Float>.self)
      var second = UnsafeRawPointer(v + p).loadUnaligned(as: SIMD16<Float>.self)
      let x = UnsafeRawPointer(values + p).loadUnaligned(as: SIMD16<Float>.self)
      first = AdamStep.firstDecay * first + (1 - AdamStep.firstDecay) * g
      second = AdamStep.secondDecay * second + (1 - AdamStep.secondDecay) * (g * g)
      let step = scale * first / (squareRoot(second) + AdamStep.epsilon)
      UnsafeMutableRawPointer(m + p).storeBytes(of: first, as: SIMD16<Float>.self)
      UnsafeMutableRawPointer(v + p).storeBytes(of: second, as: SIMD16<Float>.self)
      UnsafeMutableRawPointer(result + p).storeBytes(of: x - step, as: SIMD16<Float>.self)
      p += 16
    }
    while p < count {
      let g = gradient[p]
      m[p] = AdamStep.firstDecay * m[p] + (1 - AdamStep.firstDecay) * g
      v[p] = AdamStep.secondDecay * v[p] + (1 - AdamStep.secondDecay) * (g * g)
      result[p] = values[p] - scale * m[p] / (v[p].squareRoot() + AdamStep.epsilon)
      p += 1
    }
  }

  /// Update a few values in double precision.
  public func apply(_ values: inout [Double], _ gradient: [Double], _ m: inout [Double], _ v: inout [Double])
  {
    let (first, second) = (0.9, 0.999)
    for i in values.indices {
      m[i] = first * m[i] + (1 - first) * gradient[i]
      v[i] = second * v[i] + (1 - second) * gradient[i] * gradient[i]
      values[i] -= alpha * m[i] / (v[i].squareRoot() + 1e-7)
    }
  }

  @usableFromInline var scale: Float { Float(alpha) }
}

private func power(_ base: Double, _ exponent: Double) -> Double {
  var (result, factor, n) = (1.0, base, Int(exponent))
  while n > 0 {
    if n & 1 == 1 { result *= factor }
    factor *= factor
    n >>= 1
  }
  return result
}

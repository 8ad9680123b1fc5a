import Numerics

/// A function of each value alone, and its derivative.
protocol Pointwise {
  func callAsFunction(_ x: SIMD16<Float>) -> SIMD16<Float>
  func derivative(_ x: SIMD16<Float>) -> SIMD16<Float>
}

struct Identity: Pointwise {
  @inline(__always) func callAsFunction(_ x: SIMD16<Float>) -> SIMD16<Float> { x }
  @inline(__always) func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> { .one }
}

/// max(x, 0) + slope · min(x, 0); slope 0 is ReLU. The derivative at 0 is the slope, as in PyTorch.
struct LeakyReLU: Pointwise {
  let slope: Float
  @inline(__always) func callAsFunction(_ x: SIMD16<Float>) -> SIMD16<Float> {
    x.replacing(with: x * slope, where: x .<= 0)
  }
  @inline(__always) func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> {
    SIMD16<Float>.one.replacing(with: slope, where: x .<= 0)
  }
}

/// min(max(x, 0), 6); the derivative is 0 at both ends, as in PyTorch.
struct ReLU6: Pointwise {
  @inline(__always) func callAsFunction(_ x: SIMD16<Float>) -> SIMD16<Float> {
    pointwiseMin(pointwiseMax(x, .zero), SIMD16(repeating: 6))
  }
  @inline(__always) func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> {
    SIMD16<Float>.one.replacing(with: 0, where: (x .<= 0) .| (x .>= 6))
  }
}

struct Sigmoid: Pointwise {
  @inline(__always) func callAsFunction(_ x: SIMD16<Float>) -> SIMD16<Float> { sigmoid(x) }
  @inline(__always) func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let s = sigmoid(x)
    return s * (1 - s)
  }
}

/// x · sigmoid(x).
struct SiLU: Pointwise {
  @inline(__always) func callAsFunction(_ x: SIMD16<Float>) -> SIMD16<Float> { x * sigmoid(x) }
  @inline(__always) func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let s = sigmoid(x)
    return s * (1 + x * (1 - s))
  }
}

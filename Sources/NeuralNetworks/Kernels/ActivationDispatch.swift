// The kernels that apply a function of each value, for the activation found in the graph (nil: none).

extension NormalisationKernels {
  static func apply<E: ImageScalar>(
    _ x: ImageView<E>, rows: Range<Int>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    _ activation: Activation?, to y: ImageView<E>
  ) {
    switch activation {
    case nil: apply(x, rows: rows, scale: scale, shift: shift, Identity(), to: y)
    case .relu: apply(x, rows: rows, scale: scale, shift: shift, LeakyReLU(slope: 0), to: y)
    case .leakyReLU(let slope):
      apply(x, rows: rows, scale: scale, shift: shift, LeakyReLU(slope: slope), to: y)
    case .relu6: apply(x, rows: rows, scale: scale, shift: shift, ReLU6(), to: y)
    case .silu: apply(x, rows: rows, scale: scale, shift: shift, SiLU(), to: y)
    case .sigmoid: apply(x, rows: rows, scale: scale, shift: shift, Sigmoid(), to: y)
    }
  }

  static func gradientMoments<E: ImageScalar>(
    _ x: ImageView<E>, _ dy: ImageView<E>, rows: Range<Int>, scale: UnsafePointer<Float>,
    shift: UnsafePointer<Float>, mean: UnsafePointer<Float>, _ activation: Activation?,
    into sums: UnsafeMutablePointer<Double>
  ) {
    switch activation {
    case nil:
      gradientMoments(x, dy, rows: rows, scale: scale, shift: shift, mean: mean, Identity(), into: sums)
    case .relu:
      gradientMoments(
        x, dy, rows: rows, scale: scale, shift: shift, mean: mean, LeakyReLU(slope: 0), into: sums)
    case .leakyReLU(let slope):
      gradientMoments(
        x, dy, rows: rows, scale: scale, shift: shift, mean: mean, LeakyReLU(slope: slope), into: sums)
    case .relu6:
      gradientMoments(x, dy, rows: rows, scale: scale, shift: shift, mean: mean, ReLU6(), into: sums)
    case .silu: gradientMoments(x, dy, rows: rows, scale: scale, shift: shift, mean: mean, SiLU(), into: sums)
    case .sigmoid:
      gradientMoments(x, dy, rows: rows, scale: scale, shift: shift, mean: mean, Sigmoid(), into: sums)
    }
  }

  static func gradient<E: ImageScalar>(
    _ x: ImageView<E>, _ dy: ImageView<E>, rows: Range<Int>, scale: UnsafePointer<Float>,
    shift: UnsafePointer<Float>, coefficients: UnsafePointer<Float>, _ activation: Activation?,
    to dx: ImageView<E>, adding: Bool
  ) {
    switch activation {
    case nil:
      gradient(
        x, dy, rows: rows, scale: scale, shift: shift, coefficients: coefficients, Identity(), to: dx,
        adding: adding)
    case .relu:
      gradient(
        x, dy, rows: rows, scale: scale, shift: shift, coefficients: coefficients, LeakyReLU(slope: 0),
        to: dx,
        adding: adding)
    case .leakyReLU(let slope):
      gradient(
        x, dy, rows: rows, scale: scale, shift: shift, coefficients: coefficients, LeakyReLU(slope: slope),
        to: dx, adding: adding)
    case .relu6:
      gradient(
        x, dy, rows: rows, scale: scale, shift: shift, coefficients: coefficients, ReLU6(), to: dx,
        adding: adding)
    case .silu:
      gradient(
        x, dy, rows: rows, scale: scale, shift: shift, coefficients: coefficients, SiLU(), to: dx,
        adding: adding)
    case .sigmoid:
      gradient(
        x, dy, rows: rows, scale: scale, shift: shift, coefficients: coefficients, Sigmoid(), to: dx,
        adding: adding)
    }
  }
}

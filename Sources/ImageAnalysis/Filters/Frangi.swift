import Numerics

/// The measure of Frangi et al. (1998): keeps the factors of shape, and S².
struct Frangi: TubeMeasure {
  let alpha, beta, structureness: Float

  @inline(__always)
  func keep(_ l1: Lanes, _ l2: Lanes, _ l3: Lanes) -> (first: Lanes, second: Lanes) {
    let tiny = Lanes(repeating: .leastNormalMagnitude)
    let product = greater(l2 * l3, tiny)
    let plate = l2 * l2 / greater(l3 * l3, tiny)
    let blob = l1 * l1 / product
    let shape =
      (1 - exp(plate * (-0.5 / (alpha * alpha)))) * exp(blob * (-0.5 / (beta * beta)))
    let squaredNorm = l1 * l1 + l2 * l2 + l3 * l3
    return (shape.replacing(with: Lanes.zero, where: (l2 .>= 0) .| (l3 .>= 0)), squaredNorm)
  }

  @inline(__always)
  func response(_ first: Lanes, _ second: Lanes, greatest: Float) -> Lanes {
    // c² = (share · S max)², and `second` holds S².
    let c2 = structureness * structureness * greatest
    return first * (1 - exp(second * (-0.5 / c2)))
  }
}

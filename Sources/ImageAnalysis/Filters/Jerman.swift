import Numerics

/// The measure of Jerman et al. (2016): keeps λ2 and λ3 with the signs turned.
struct Jerman: TubeMeasure {
  let tau: Float

  @inline(__always)
  func keep(_ l1: Lanes, _ l2: Lanes, _ l3: Lanes) -> (first: Lanes, second: Lanes) { (-l2, -l3) }

  @inline(__always)
  func response(_ first: Lanes, _ second: Lanes, greatest: Float) -> Lanes {
    let floor = Lanes(repeating: tau * greatest)
    let regularized = second.replacing(with: floor, where: (second .> 0) .& (second .<= floor))
    let sum = first + regularized
    let ratio = 3 / sum
    let value = first * first * (regularized - first) * ratio * ratio * ratio
    let tube = value.replacing(with: Lanes(repeating: 1), where: 2 * first .>= regularized)
    return tube.replacing(with: Lanes.zero, where: (first .<= 0) .| (regularized .<= 0))
  }
}

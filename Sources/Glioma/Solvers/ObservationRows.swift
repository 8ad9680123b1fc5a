import Imaging

/// The data terms linearised at a last slice: rows e + δu + Σ_j ∂e/∂p_j·δp_j with a weight W² each.
///
/// Row r < n is the interval of cell r, row n + r its PET uptake. A weight of zero marks a row that does not act.
struct ObservationRows {
  let cells: Int
  /// W² of each row, in units in which the loss is multiplied by the number of cells N.
  private(set) var weights: [Double]
  /// The signed violation e of each row.
  private(set) var errors: [Double]
  /// ∂e/∂p of the rows for coordinates 3…6 (θ_up, θ_down, s, b).
  private(set) var slopes: [[Float]]
  /// Root mean square over the rows that act of what the grid does not explain. A label is that of the greater part of a
  /// cell, so an interval is met where the density enters it between the cell's centre and one of its faces.
  private(set) var discrepancy = 0.0

  /// The rows of `problem` at the density `u` of the last slice.
  init(_ problem: GrowthProblem, _ u: UnsafePointer<Float>, _ p: GrowthParameters) {
    let n = problem.grid.shape.count
    cells = n
    let count = problem.observation.pet == nil ? n : 2 * n
    weights = Array(repeating: 0, count: count)
    errors = Array(repeating: 0, count: count)
    slopes = Array(repeating: Array(repeating: 0, count: count), count: 4)
    let weight = problem.weights.data * problem.weights.data
    let active = problem.reactive[0]
    let densities = CellDensities(u, active: active, shape: problem.grid.shape)
    var (acting, unexplained) = (0.0, 0.0)
    for cell in 0..<n where active[cell] > 0 {
      let label = problem.observation.labels[cell]
      let (lower, upper) = GrowthProblem.interval(label, p)
      let density = Double(u[cell])
      if density < lower {
        (weights[cell], errors[cell]) = (weight, density - lower)
        slopes[label == 2 ? 0 : 1][cell] = label == 0 ? 0 : -1
      } else if density > upper {
        (weights[cell], errors[cell]) = (weight, density - upper)
        if label < 2 { slopes[label == 1 ? 0 : 1][cell] = -1 }
      }
      guard weights[cell] > 0 else { continue }
      let within = densities.range(of: cell)
      let rest = max(lower - Double(within.upperBound), Double(within.lowerBound) - upper, 0)
      acting += 1
      unexplained += rest * rest
    }
    defer { discrepancy = acting > 0 ? (unexplained / acting).squareRoot() : 0 }
    guard let pet = problem.observation.pet, problem.weights.pet > 0 else { return }
    let petWeight = problem.weights.pet * problem.weights.pet
    for cell in 0..<n where pet[cell] > 0.1 && active[cell] > 0 {
      let uptake = Double(pet[cell]) - p.petBackground
      weights[n + cell] = petWeight
      errors[n + cell] = Double(u[cell]) - p.petSlope * uptake
      slopes[2][n + cell] = Float(-uptake)
      slopes[3][n + cell] = Float(p.petSlope)
      acting += 1
      unexplained += errors[n + cell] * errors[n + cell]
    }
  }

  /// Σ W²e²: the data part of N times the loss.
  var value: Double { zip(weights, errors).reduce(0) { $0 + $1.0 * $1.1 * $1.1 } }
}

/// The densities between the centres of cells and their faces, linear between neighbours.
private struct CellDensities {
  private let u: UnsafePointer<Float>
  private let active: UnsafePointer<Float>
  private let shape: VoxelShape

  init(_ u: UnsafePointer<Float>, active: UnsafePointer<Float>, shape: VoxelShape) {
    (self.u, self.active, self.shape) = (u, active, shape)
  }

  func range(of cell: Int) -> ClosedRange<Float> {
    var (low, high) = (u[cell], u[cell])
    let position = [cell % shape.x, cell / shape.x % shape.y, cell / (shape.x * shape.y)]
    for axis in 0..<3 {
      for step in [-1, 1] where (0..<shape[axis]).contains(position[axis] + step) {
        let neighbour = cell + step * shape.stride(axis)
        guard active[neighbour] > 0 else { continue }
        let face = 0.5 * (u[cell] + u[neighbour])
        (low, high) = (min(low, face), max(high, face))
      }
    }
    return low...high
  }
}

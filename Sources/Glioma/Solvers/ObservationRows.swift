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
    }
    guard let pet = problem.observation.pet else { return }
    let petWeight = problem.weights.pet * problem.weights.pet
    for cell in 0..<n where pet[cell] > 0.1 && active[cell] > 0 {
      let uptake = Double(pet[cell]) - p.petBackground
      weights[n + cell] = petWeight
      errors[n + cell] = Double(u[cell]) - p.petSlope * uptake
      slopes[2][n + cell] = Float(-uptake)
      slopes[3][n + cell] = Float(p.petSlope)
    }
  }

  /// Σ W²e²: the data part of N times the loss.
  var value: Double { zip(weights, errors).reduce(0) { $0 + $1.0 * $1.1 * $1.1 } }

  /// Root mean square violation over the rows that act.
  var violation: Double {
    var (sum, count) = (0.0, 0.0)
    for row in weights.indices where weights[row] > 0 {
      sum += errors[row] * errors[row]
      count += 1
    }
    return count > 0 ? (sum / count).squareRoot() : 0
  }
}

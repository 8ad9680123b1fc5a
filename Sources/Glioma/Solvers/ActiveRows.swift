import Imaging

/// The rows of the observation that act, packed one after the other, with their derivatives by the parameters.
struct ActiveRows {
  /// The cell of each row.
  let cells: [Int]
  /// W² of each row.
  let weights: [Double]
  /// The signed violation of each row.
  let errors: [Double]
  /// ∂e/∂p_j of all rows, one coordinate after the other.
  private let slopes: [Double]
  /// Number of coordinates.
  let coordinates: Int

  /// Pack `rows`; `state[j]` is the derivative of the last slice by coordinate j, empty where it does not move.
  init(_ rows: ObservationRows, _ state: [[Float]]) {
    let acting = rows.weights.indices.filter { rows.weights[$0] > 0 }
    let cellOf = acting.map { $0 < rows.cells ? $0 : $0 - rows.cells }
    cells = cellOf
    weights = acting.map { rows.weights[$0] }
    errors = acting.map { rows.errors[$0] }
    coordinates = state.count
    var slopes: [Double] = []
    slopes.reserveCapacity(acting.count * state.count)
    for (j, moved) in state.enumerated() {
      let own = (3...6).contains(j) ? rows.slopes[j - 3] : []
      for (index, row) in acting.enumerated() {
        slopes.append(
          Double((own.isEmpty ? 0 : own[row]) + (moved.isEmpty ? 0 : moved[cellOf[index]])))
      }
    }
    self.slopes = slopes
  }

  var count: Int { cells.count }

  /// G p: Σ_j ∂e/∂p_j · p_j of every row.
  func image(of parameters: [Double]) -> [Double] {
    var result = Array(repeating: 0.0, count: count)
    for j in 0..<coordinates where parameters[j] != 0 {
      let (factor, start) = (parameters[j], j * count)
      for r in 0..<count { result[r] += factor * slopes[start + r] }
    }
    return result
  }

  /// Gᵀ v: Σ_r ∂e_r/∂p_j · v_r of every coordinate.
  func products(with vector: [Double]) -> [Double] {
    (0..<coordinates).map { j in
      var sum = 0.0
      let start = j * count
      for r in 0..<count { sum += slopes[start + r] * vector[r] }
      return sum
    }
  }

  /// GᵀWG, row by row.
  var normalMatrix: [Double] {
    let n = coordinates
    var matrix = Array(repeating: 0.0, count: n * n)
    for j in 0..<n {
      let weighted = (0..<count).map { weights[$0] * slopes[j * count + $0] }
      for l in 0...j {
        var sum = 0.0
        let start = l * count
        for r in 0..<count { sum += weighted[r] * slopes[start + r] }
        (matrix[j * n + l], matrix[l * n + j]) = (sum, sum)
      }
    }
    return matrix
  }

  /// GᵀWe: half the derivative of the data part of the loss.
  var gradient: [Double] { products(with: (0..<count).map { weights[$0] * errors[$0] }) }
}

import Imaging
import Numerics

/// The linear system of one outer step of ``WeakConstraint``: (W⁻² + T C Tᵀ + G S Gᵀ) λ = b on the rows that act.
///
/// T is the tangent sweep, C the inverse squared weights of the forcing, G the rows' derivatives by the parameters and S
/// the parameters' variances. Conjugate gradients are preconditioned by (W⁻² + G S Gᵀ)⁻¹ in Woodbury's form, which takes the
/// few large eigenvalues that the parameters cause out of the spectrum.
struct DualSystem {
  let rows: ActiveRows
  let variance: [Double]
  /// T C Tᵀ on the rows.
  let sweep: ([Double]) -> [Double]
  private let free: [Int]
  /// (S⁻¹ + GᵀWG)⁻¹ on the coordinates with a variance.
  private let inverse: [Double]

  /// A system for `rows` with parameter variances `variance` (0 holds a parameter) and `sweep` for T C Tᵀ.
  init(_ rows: ActiveRows, variance: [Double], sweep: @escaping ([Double]) -> [Double]) {
    self.rows = rows
    self.variance = variance
    self.sweep = sweep
    free = variance.indices.filter { variance[$0] > 0 }
    let (n, m) = (variance.count, free.count)
    let normal = rows.normalMatrix
    var matrix = Array(repeating: 0.0, count: m * m)
    for (a, j) in free.enumerated() {
      for (b, l) in free.enumerated() { matrix[a * m + b] = normal[j * n + l] }
      matrix[a * m + a] += 1 / variance[j]
    }
    inverse = NormalEquations.inverse(matrix, order: m) ?? []
  }

  /// The system's matrix times `vector`.
  func apply(_ vector: [Double]) -> [Double] {
    var result = sweep(vector)
    let moved = rows.image(of: zip(rows.products(with: vector), variance).map { $0 * $1 })
    for r in result.indices { result[r] += vector[r] / rows.weights[r] + moved[r] }
    return result
  }

  /// (W⁻² + G S Gᵀ)⁻¹ times `vector`: W v − W G (S⁻¹ + GᵀWG)⁻¹ GᵀW v.
  func precondition(_ vector: [Double]) -> [Double] {
    var weighted = vector
    for r in weighted.indices { weighted[r] *= rows.weights[r] }
    guard !inverse.isEmpty else { return weighted }
    let products = rows.products(with: weighted)
    var shift = Array(repeating: 0.0, count: variance.count)
    for (a, j) in free.enumerated() {
      for (b, l) in free.enumerated() { shift[j] += inverse[a * free.count + b] * products[l] }
    }
    let moved = rows.image(of: shift)
    for r in weighted.indices { weighted[r] -= rows.weights[r] * moved[r] }
    return weighted
  }

  /// Solve by at most `iterations` preconditioned conjugate-gradient steps, to `tolerance` of the first residual.
  func solve(_ right: [Double], iterations: Int, tolerance: Double) -> (solution: [Double], iterations: Int) {
    var solution = Array(repeating: 0.0, count: right.count)
    var residual = right
    var image = precondition(residual)
    var direction = image
    var energy = DualSystem.dot(residual, image)
    let target = energy * tolerance * tolerance
    var spent = 0
    while spent < iterations, energy > target, energy > 0 {
      let product = apply(direction)
      let curvature = DualSystem.dot(direction, product)
      guard curvature > 0 else { break }
      let step = energy / curvature
      for r in right.indices {
        solution[r] += step * direction[r]
        residual[r] -= step * product[r]
      }
      image = precondition(residual)
      let next = DualSystem.dot(residual, image)
      for r in right.indices { direction[r] = image[r] + next / energy * direction[r] }
      energy = next
      spent += 1
    }
    return (solution, spent)
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }
}

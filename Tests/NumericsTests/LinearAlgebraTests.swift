import Numerics
import Testing

/// A matrix of standard normal numbers.
private func randomMatrix(_ rows: Int, _ columns: Int, _ stream: inout RandomStream) -> Matrix {
  var matrix = Matrix(rows: rows, columns: columns)
  for i in matrix.elements.indices { matrix.elements[i] = Double(stream.normal()) }
  return matrix
}

private func largest(_ matrix: Matrix) -> Double { matrix.elements.map(abs).max() ?? 0 }

@Suite("Linear algebra") struct LinearAlgebraTests {
  @Test("The eigenvalues of [[2, 1], [1, 2]] are 1 and 3") func symmetricClosedForm() throws {
    let eigen = try LinearAlgebra.symmetricEigen(Matrix([[2, 1], [1, 2]]))
    #expect(abs(eigen.values[0] - 1) < 1e-14 && abs(eigen.values[1] - 3) < 1e-14)
  }

  @Test("Eigenvectors diagonalise a symmetric matrix and are orthonormal", arguments: [1, 2, 3, 8, 40])
  func symmetricReconstruction(order: Int) throws {
    var stream = RandomStream(seed: 7, purpose: "symmetric", indices: order)
    let a = randomMatrix(order, order, &stream)
    let s = a * a.transposed
    let eigen = try LinearAlgebra.symmetricEigen(s)
    var scaled = eigen.vectors
    for c in 0..<order { for r in 0..<order { scaled[r, c] *= eigen.values[c] } }
    let tolerance = 1e-13 * Double(order) * max(1, largest(s))
    #expect(largest(scaled * eigen.vectors.transposed - s) < tolerance)
    #expect(largest(eigen.vectors.transposed * eigen.vectors - .identity(order)) < 1e-12)
  }

  @Test("Generalised eigenpairs satisfy A v = λ B v") func generalized() throws {
    let a = Matrix([[4, 1, 0], [1, 3, 1], [0, 1, 2]])
    let b = Matrix([[0, 0, 2], [0, -1, 0], [2, 0, 0]])
    let eigen = try LinearAlgebra.generalizedEigen(a, b)
    #expect(eigen.values.count == 3)
    for (value, vector) in zip(eigen.values, eigen.vectors) {
      let v = Matrix(vector.map { [$0] })
      var right = b * v
      for i in right.elements.indices { right.elements[i] *= value }
      #expect(largest(a * v - right) < 1e-12)
    }
  }

  @Test("An infinite generalised eigenvalue is left out") func infiniteEigenvalue() throws {
    let eigen = try LinearAlgebra.generalizedEigen(.identity(2), Matrix([[1, 0], [0, 0]]))
    #expect(eigen.values.count == 1 && abs(eigen.values[0] - 1) < 1e-14)
  }

  @Test("A thin SVD multiplies back to the matrix", arguments: [(3, 3), (5, 2), (2, 7), (30, 11)])
  func singularValues(rows: Int, columns: Int) throws {
    var stream = RandomStream(seed: 11, purpose: "svd", indices: rows, columns)
    let a = randomMatrix(rows, columns, &stream)
    let svd = try LinearAlgebra.singularValues(a)
    var scaled = svd.left
    for c in 0..<scaled.columns { for r in 0..<rows { scaled[r, c] *= svd.values[c] } }
    #expect(largest(scaled * svd.rightTransposed - a) < 1e-12)
    #expect(svd.values == svd.values.sorted(by: >))
  }

  @Test("Both solvers reproduce the right-hand side") func solve() throws {
    var stream = RandomStream(seed: 3, purpose: "solve")
    let a = randomMatrix(6, 6, &stream)
    let b = randomMatrix(6, 2, &stream)
    #expect(largest(a * (try LinearAlgebra.solve(a, b)) - b) < 1e-10)
    let spd = a * a.transposed
    #expect(largest(spd * (try LinearAlgebra.solvePositiveDefinite(spd, b)) - b) < 1e-8)
  }

  @Test("Singular and non-finite matrices are refused") func refusals() {
    let singular = Matrix([[1, 2], [2, 4]])
    #expect(throws: LinearAlgebraError.singular(routine: "solve", pivot: 2)) {
      try LinearAlgebra.solve(singular, Matrix([[1], [1]]))
    }
    #expect(throws: LinearAlgebraError.self) {
      try LinearAlgebra.solvePositiveDefinite(Matrix([[-1]]), Matrix([[1]]))
    }
    #expect(throws: LinearAlgebraError.notFinite(routine: "symmetricEigen")) {
      try LinearAlgebra.symmetricEigen(Matrix([[.nan]]))
    }
  }

  @Test("A dense layer is the products with its weights' rows plus its bias", arguments: [0, 1, 7, 70])
  func denseLayer(rows: Int) {
    let (inputs, outputs) = (53, 19)
    var stream = RandomStream(seed: 5, purpose: "dense", indices: rows)
    let input = (0..<rows * inputs).map { _ in stream.normal() }
    let weights = (0..<outputs * inputs).map { _ in stream.normal() }
    let bias = (0..<outputs).map { _ in stream.normal() }
    let found = input.withUnsafeBufferPointer { input in
      weights.withUnsafeBufferPointer { weights in
        bias.withUnsafeBufferPointer { LinearAlgebra.denseLayer(input, weights: weights, bias: $0) }
      }
    }
    #expect(found.count == rows * outputs)
    var worst = 0.0
    for row in 0..<rows {
      for output in 0..<outputs {
        let sum = (0..<inputs).reduce(Double(bias[output])) {
          $0 + Double(input[row * inputs + $1]) * Double(weights[output * inputs + $1])
        }
        worst = max(worst, abs(sum - Double(found[row * outputs + output])))
      }
    }
    #expect(worst < 1e-5, "\(worst)")
  }

  @Test("The Cholesky factor is lower triangular and multiplies back; an indefinite matrix has none")
  func choleskyFactor() throws {
    let matrix = [4.0, 2, -1, 2, 5, 0.5, -1, 0.5, 3]
    let factor = try #require(NormalEquations.choleskyFactor(matrix, order: 3))
    #expect(factor[1] == 0 && factor[2] == 0 && factor[5] == 0)
    for i in 0..<3 {
      for j in 0..<3 {
        let product = (0..<3).reduce(0.0) { $0 + factor[i * 3 + $1] * factor[j * 3 + $1] }
        #expect(abs(product - matrix[i * 3 + j]) < 1e-12)
      }
    }
    #expect(NormalEquations.choleskyFactor([1, 2, 2, 1], order: 2) == nil)
    #expect(NormalEquations.choleskyFactor([1, .nan, .nan, 1], order: 2) == nil)
  }
}

import COneDNN
import Foundation

/// Muon (Jordan et al., 2024): the momentum of every weight matrix is replaced by the nearest orthogonal matrix, found by five
/// Newton-Schulz iterations, so that all directions learn at the same pace. Kernels count as matrices of
/// output channels × the rest; vectors, single-row matrices and excluded parameters are left to AdamW.
public struct Muon: Hashable, Sendable, Codable {
  /// Momentum μ (Nesterov).
  public var momentum: Double
  /// Decoupled weight decay λ of the matrices.
  public var weightDecay: Double
  /// The method for all other parameters.
  public var others: Adam
  /// Names of matrices left to ``others``: the last layer is commonly among them.
  public var excluded: Set<String>

  /// Muon with the author's constants.
  public init(
    momentum: Double = 0.95, weightDecay: Double = 0, others: Adam = Adam(), excluded: Set<String> = []
  ) {
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.others = others
    self.excluded = excluded
  }

  func matrices(of table: ParameterTable) -> [ParameterMatrix] {
    zip(table.parameters, table.ranges).compactMap { parameter, range in
      guard parameter.role == .trainable, parameter.shape.count >= 2, !excluded.contains(parameter.name)
      else {
        return nil
      }
      let rows = parameter.shape[0]
      let columns = range.count / max(rows, 1)
      return rows > 1 && columns > 1 ? ParameterMatrix(range: range, rows: rows, columns: columns) : nil
    }
  }

  func apply(_ update: ParameterUpdate, to matrices: [ParameterMatrix]) {
    let (kept, shrink) = (Float(momentum), Float(1 - update.learningRate * weightDecay))
    for matrix in matrices {
      var direction = [Float](repeating: 0, count: matrix.range.count)
      for (k, i) in matrix.range.enumerated() {
        let g = update.gradient[i] * update.gradientScale
        update.first[i] += (g - update.first[i]) * (1 - kept)
        direction[k] = g + (update.first[i] - g) * kept
      }
      NewtonSchulz.orthogonalize(&direction, rows: matrix.rows, columns: matrix.columns)
      // A tall matrix's step keeps the size that its outputs change by (Jordan's scale).
      let aspect = max(1, Double(matrix.rows) / Double(matrix.columns)).squareRoot()
      let rate = Float(update.learningRate * aspect)
      for (k, i) in matrix.range.enumerated() {
        update.values[i] = update.values[i] * shrink - rate * direction[k]
      }
    }
  }
}

/// A parameter seen as a matrix, row-major.
struct ParameterMatrix: Sendable {
  let range: Range<Int>
  let rows: Int
  let columns: Int
}

/// The quintic iteration `X ← aX + (bA + cA²)X`, `A = XXᵀ`, which drives all singular values towards 1.
enum NewtonSchulz {
  static func orthogonalize(_ matrix: inout [Float], rows: Int, columns: Int) {
    let (a, b, c): (Float, Float, Float) = (3.4445, -4.7750, 2.0315)
    let norm = matrix.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    let scale = Float(1 / max(norm, 1e-7))
    for i in matrix.indices { matrix[i] *= scale }
    let wide = rows <= columns
    let n = min(rows, columns)
    var gram = [Float](repeating: 0, count: n * n)
    var polynomial = gram
    var next = matrix
    for _ in 0..<5 {
      if wide {
        product("N", "T", n, n, columns, 1, matrix, columns, matrix, columns, 0, &gram, n)
      } else {
        product("T", "N", n, n, rows, 1, matrix, columns, matrix, columns, 0, &gram, n)
      }
      polynomial = gram
      product("N", "N", n, n, n, c, gram, n, gram, n, b, &polynomial, n)
      next = matrix
      if wide {
        product("N", "N", rows, columns, n, 1, polynomial, n, matrix, columns, a, &next, columns)
      } else {
        product("N", "N", rows, columns, n, 1, matrix, columns, polynomial, n, a, &next, columns)
      }
      swap(&matrix, &next)
    }
  }

  /// C ← αAB + βC, row-major; "T" takes a matrix transposed.
  private static func product(
    _ transposeA: Unicode.Scalar, _ transposeB: Unicode.Scalar, _ m: Int, _ n: Int, _ k: Int, _ alpha: Float,
    _ a: [Float], _ strideA: Int, _ b: [Float], _ strideB: Int, _ beta: Float, _ c: inout [Float],
    _ strideC: Int
  ) {
    let status = dnnl_sgemm(
      CChar(transposeA.value), CChar(transposeB.value), dnnl_dim_t(m), dnnl_dim_t(n), dnnl_dim_t(k), alpha, a,
      dnnl_dim_t(strideA), b, dnnl_dim_t(strideB), beta, &c, dnnl_dim_t(strideC))
    precondition(status == dnnl_success, "a matrix product of consistent shapes")
  }
}

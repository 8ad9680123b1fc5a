import COpenBLAS

/// Factorisations of small dense matrices, by LAPACK.
///
/// Every routine refuses NaN and infinity (LAPACK may loop on them) and reports a singular matrix as an error.
public enum LinearAlgebra {
  /// Eigenvalues, ascending, with orthonormal eigenvectors as columns.
  public struct SymmetricEigen: Sendable {
    /// Ascending.
    public let values: [Double]
    /// Column j belongs to `values[j]`.
    public let vectors: Matrix
  }

  /// The real eigenpairs of a generalised problem; pairs with a complex or infinite eigenvalue are left out.
  public struct RealEigen: Sendable {
    /// In LAPACK's order.
    public let values: [Double]
    /// `vectors[j]` belongs to `values[j]`, its largest entry of size about 1.
    public let vectors: [[Double]]
  }

  /// `A = U · diag(σ) · Vᵀ` with `min(rows, columns)` singular values, descending.
  public struct SingularValues: Sendable {
    /// Left singular vectors as columns.
    public let left: Matrix
    /// Descending, none negative.
    public let values: [Double]
    /// The transposed right singular vectors, as rows.
    public let rightTransposed: Matrix
  }

  /// The eigenvalues and eigenvectors of a symmetric matrix (`dsyev`); only its upper triangle is read.
  public static func symmetricEigen(_ matrix: Matrix) throws(LinearAlgebraError) -> SymmetricEigen {
    precondition(matrix.rows == matrix.columns, "a square matrix is needed")
    guard matrix.hasOnlyFiniteElements else { throw .notFinite(routine: "symmetricEigen") }
    var (vectors, values) = (matrix, [Double](repeating: 0, count: matrix.rows))
    var (n, info) = (Int32(matrix.rows), Int32(0))
    var lwork = Int32(max(1, 34 * matrix.rows))
    var work = [Double](repeating: 0, count: Int(lwork))
    var leading = max(n, 1)
    dsyev_("V", "U", &n, &vectors.elements, &leading, &values, &work, &lwork, &info)
    guard info == 0 else { throw .notConverged(routine: "symmetricEigen") }
    return SymmetricEigen(values: values, vectors: vectors)
  }

  /// The real solutions of `A v = λ B v` (`dggev`); neither matrix needs to be symmetric or definite.
  public static func generalizedEigen(_ a: Matrix, _ b: Matrix) throws(LinearAlgebraError) -> RealEigen {
    precondition(a.rows == a.columns && b.rows == a.rows && b.columns == a.rows, "two square matrices needed")
    guard a.hasOnlyFiniteElements, b.hasOnlyFiniteElements else {
      throw .notFinite(routine: "generalizedEigen")
    }
    let order = a.rows
    var (a, b) = (a.elements, b.elements)
    var (real, imaginary, beta) = (a, a, a)
    var (vectors, unused) = (a, [0.0])
    var (n, one, info) = (Int32(order), Int32(1), Int32(0))
    var leading = max(n, 1)
    var (leadingOfA, leadingOfB) = (leading, leading)
    var lwork = Int32(max(8, 16 * order))
    var work = [Double](repeating: 0, count: Int(lwork))
    dggev_(
      "N", "V", &n, &a, &leadingOfA, &b, &leadingOfB, &real, &imaginary, &beta, &unused, &one, &vectors,
      &leading, &work, &lwork, &info)
    guard info == 0 else { throw .notConverged(routine: "generalizedEigen") }
    let kept = (0..<order).filter { imaginary[$0] == 0 && abs(beta[$0]) > .ulpOfOne * abs(real[$0]) }
    return RealEigen(
      values: kept.map { real[$0] / beta[$0] },
      vectors: kept.map { Array(vectors[(order * $0)..<(order * ($0 + 1))]) })
  }

  /// The thin singular value decomposition (`dgesvd`).
  public static func singularValues(_ matrix: Matrix) throws(LinearAlgebraError) -> SingularValues {
    guard matrix.hasOnlyFiniteElements else { throw .notFinite(routine: "singularValues") }
    let rank = min(matrix.rows, matrix.columns)
    var a = matrix.elements
    var left = Matrix(rows: matrix.rows, columns: rank)
    var right = Matrix(rows: rank, columns: matrix.columns)
    var values = [Double](repeating: 0, count: rank)
    var (m, n, k, info) = (Int32(matrix.rows), Int32(matrix.columns), Int32(max(1, rank)), Int32(0))
    var (leading, leadingLeft) = (max(m, 1), max(m, 1))
    var lwork = Int32(max(1, 5 * max(matrix.rows, matrix.columns) + 64 * rank))
    var work = [Double](repeating: 0, count: Int(lwork))
    dgesvd_(
      "S", "S", &m, &n, &a, &leading, &values, &left.elements, &leadingLeft, &right.elements, &k, &work,
      &lwork, &info)
    guard info == 0 else { throw .notConverged(routine: "singularValues") }
    return SingularValues(left: left, values: values, rightTransposed: right)
  }

  /// The solution X of `A X = B` (`dgesv`, Gaussian elimination with partial pivoting).
  public static func solve(_ a: Matrix, _ b: Matrix) throws(LinearAlgebraError) -> Matrix {
    precondition(a.rows == a.columns && b.rows == a.rows, "a square matrix and as many rows are needed")
    guard a.hasOnlyFiniteElements, b.hasOnlyFiniteElements else { throw .notFinite(routine: "solve") }
    var (factors, result) = (a.elements, b)
    var pivots = [Int32](repeating: 0, count: a.rows)
    var (n, sides, info) = (Int32(a.rows), Int32(b.columns), Int32(0))
    var (leading, leadingOfResult) = (max(n, 1), max(n, 1))
    dgesv_(&n, &sides, &factors, &leading, &pivots, &result.elements, &leadingOfResult, &info)
    guard info == 0 else { throw .singular(routine: "solve", pivot: Int(info)) }
    return result
  }

  /// The solution X of `A X = B` for a symmetric positive definite A (`dposv`, Cholesky).
  public static func solvePositiveDefinite(_ a: Matrix, _ b: Matrix) throws(LinearAlgebraError) -> Matrix {
    precondition(a.rows == a.columns && b.rows == a.rows, "a square matrix and as many rows are needed")
    guard a.hasOnlyFiniteElements, b.hasOnlyFiniteElements else {
      throw .notFinite(routine: "solvePositiveDefinite")
    }
    var (factors, result) = (a.elements, b)
    var (n, sides, info) = (Int32(a.rows), Int32(b.columns), Int32(0))
    var (leading, leadingOfResult) = (max(n, 1), max(n, 1))
    dposv_("U", &n, &sides, &factors, &leading, &result.elements, &leadingOfResult, &info)
    guard info == 0 else { throw .singular(routine: "solvePositiveDefinite", pivot: Int(info)) }
    return result
  }
}

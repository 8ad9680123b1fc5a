import COpenBLAS

/// Small dense symmetric systems, by LAPACK's Cholesky factorisation.
public enum NormalEquations {
  /// The solution of A·x = b for a symmetric positive definite `matrix` (row by row); nil where it is not.
  public static func solve(_ matrix: [Double], _ vector: [Double]) -> [Double]? {
    solve(matrix, columns: [vector])?.first
  }

  /// The inverse of a symmetric positive definite matrix, row by row; nil where it is not.
  public static func inverse(_ matrix: [Double], order: Int) -> [Double]? {
    let unit = (0..<order).map { j in (0..<order).map { $0 == j ? 1.0 : 0.0 } }
    return solve(matrix, columns: unit).map { Array($0.joined()) }
  }

  /// The lower triangular Cholesky factor L of A = L·Lᵀ, row by row, zero above the diagonal (`dpotrf`); nil where the matrix
  /// is not symmetric positive definite.
  public static func choleskyFactor(_ matrix: [Double], order: Int) -> [Double]? {
    guard matrix.count == order * order, matrix.allSatisfy(\.isFinite) else { return nil }
    // LAPACK's upper triangle, column by column, is the lower one row by row.
    var factor = matrix
    var (n, information) = (Int32(order), Int32(0))
    dpotrf_("U", &n, &factor, &n, &information)
    guard information == 0 else { return nil }
    for row in 0..<order { for column in row + 1..<max(order, row + 1) { factor[row * order + column] = 0 } }
    return factor
  }

  private static func solve(_ matrix: [Double], columns: [[Double]]) -> [[Double]]? {
    guard let order = columns.first?.count, matrix.count == order * order else { return nil }
    guard matrix.allSatisfy(\.isFinite), columns.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return nil }
    var a = matrix
    var b = Array(columns.joined())
    var n = Int32(order)
    var rightSides = Int32(columns.count)
    var information: Int32 = 0
    dposv_("U", &n, &rightSides, &a, &n, &b, &n, &information)
    guard information == 0 else { return nil }
    return stride(from: 0, to: b.count, by: order).map { Array(b[$0..<$0 + order]) }
  }
}

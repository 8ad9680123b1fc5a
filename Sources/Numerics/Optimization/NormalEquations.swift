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

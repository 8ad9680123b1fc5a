/// A dense matrix of doubles, column by column as LAPACK wants it.
public struct Matrix: Hashable, Sendable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// The entries; entry (r, c) is element `r + rows · c`.
  public var elements: [Double]

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    elements = Array(repeating: 0, count: rows * columns)
  }

  /// A matrix written row by row; all rows must have the same length.
  public init(_ rowsOfEntries: [[Double]]) {
    self.init(rows: rowsOfEntries.count, columns: rowsOfEntries.first?.count ?? 0)
    for (r, row) in rowsOfEntries.enumerated() {
      precondition(row.count == columns, "row \(r) has \(row.count) entries, \(columns) expected")
      for (c, entry) in row.enumerated() { self[r, c] = entry }
    }
  }

  /// The identity of order `order`.
  public static func identity(_ order: Int) -> Matrix {
    var result = Matrix(rows: order, columns: order)
    for i in 0..<order { result[i, i] = 1 }
    return result
  }

  /// The entry in row `row` and column `column`.
  public subscript(row: Int, column: Int) -> Double {
    get { elements[row + rows * column] }
    set { elements[row + rows * column] = newValue }
  }

  /// Column `column` as a vector.
  public func column(_ column: Int) -> [Double] { Array(elements[(rows * column)..<(rows * (column + 1))]) }

  /// The matrix mirrored at its diagonal.
  public var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for c in 0..<columns { for r in 0..<rows { result[c, r] = self[r, c] } }
    return result
  }

  /// The matrix product; meant for small matrices.
  public static func * (left: Matrix, right: Matrix) -> Matrix {
    precondition(
      left.columns == right.rows, "\(left.rows)×\(left.columns) times \(right.rows)×\(right.columns)")
    var result = Matrix(rows: left.rows, columns: right.columns)
    for c in 0..<right.columns {
      for k in 0..<left.columns {
        let factor = right[k, c]
        for r in 0..<left.rows { result.elements[r + left.rows * c] += left[r, k] * factor }
      }
    }
    return result
  }

  /// The entry-wise difference.
  public static func - (left: Matrix, right: Matrix) -> Matrix {
    precondition(left.rows == right.rows && left.columns == right.columns, "shapes differ")
    var result = left
    for i in result.elements.indices { result.elements[i] -= right.elements[i] }
    return result
  }

  var hasOnlyFiniteElements: Bool { elements.allSatisfy(\.isFinite) }
}

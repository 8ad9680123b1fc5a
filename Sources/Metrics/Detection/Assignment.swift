/// The one-to-one assignment of rows to columns with the smallest sum of costs: for each row its column, nil for
/// the rows left over when there are more rows than columns.
///
/// The Hungarian method by shortest augmenting paths with potentials (Jonker and Volgenant, 1987), O(n²m).
/// - Parameter costs: `costs[row][column]`, finite, all rows equally long.
public func minimumCostAssignment(_ costs: [[Double]]) -> [Int?] {
  let (rows, columns) = (costs.count, costs.first?.count ?? 0)
  guard columns > 0 else { return Array(repeating: nil, count: rows) }
  if rows > columns {
    let transposed = (0..<columns).map { column in (0..<rows).map { costs[$0][column] } }
    var result = [Int?](repeating: nil, count: rows)
    for (column, row) in minimumCostAssignment(transposed).enumerated() {
      if let row { result[row] = column }
    }
    return result
  }
  // Index 0 of the column arrays is the virtual column where each augmenting path begins.
  var (rowPotential, columnPotential) = (
    [Double](repeating: 0, count: rows + 1), [Double](repeating: 0, count: columns + 1)
  )
  var rowOfColumn = [Int](repeating: 0, count: columns + 1)
  var previous = [Int](repeating: 0, count: columns + 1)
  for row in 1...max(1, rows) {
    rowOfColumn[0] = row
    var column = 0
    var slack = [Double](repeating: .infinity, count: columns + 1)
    var visited = [Bool](repeating: false, count: columns + 1)
    repeat {
      visited[column] = true
      let current = rowOfColumn[column]
      var (step, next) = (Double.infinity, 0)
      for candidate in 1...columns where !visited[candidate] {
        let reduced =
          costs[current - 1][candidate - 1] - rowPotential[current] - columnPotential[candidate]
        if reduced < slack[candidate] { (slack[candidate], previous[candidate]) = (reduced, column) }
        if slack[candidate] < step { (step, next) = (slack[candidate], candidate) }
      }
      for candidate in 0...columns {
        if visited[candidate] {
          rowPotential[rowOfColumn[candidate]] += step
          columnPotential[candidate] -= step
        } else {
          slack[candidate] -= step
        }
      }
      column = next
    } while rowOfColumn[column] != 0
    while column != 0 {
      rowOfColumn[column] = rowOfColumn[previous[column]]
      column = previous[column]
    }
  }
  var result = [Int?](repeating: nil, count: rows)
  for column in 1...columns where rowOfColumn[column] > 0 { result[rowOfColumn[column] - 1] = column - 1 }
  return result
}

/// Columns of text, each as wide as its widest cell; the last cell of a row, such as a message, may run on.
struct TextTable {
  private var rows: [[String]] = []

  /// Add a row.
  mutating func append(_ cells: String...) { append(row: cells) }

  /// Add a row.
  mutating func append(row cells: [String]) { rows.append(cells) }

  /// The table, each line indented by `indentation`.
  func text(indentation: String = "  ") -> String {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in
      rows.compactMap { column < $0.count - 1 ? $0[column].count : nil }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        column == row.count - 1
          ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
      }
      return indentation + cells.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

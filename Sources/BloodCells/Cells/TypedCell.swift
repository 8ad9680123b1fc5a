/// A cell with the probabilities of its types.
public struct TypedCell: Sendable, Hashable {
  /// The cell.
  public let cell: SmearCell
  /// The most probable type, by its place in the list of types; the first of equals.
  public let type: Int
  /// Its probability.
  public let probability: Double
  /// The probability of every type.
  public let probabilities: [Double]

  /// The cell with one probability a type.
  public init(_ cell: SmearCell, probabilities: [Double]) {
    precondition(!probabilities.isEmpty, "at least one type")
    self.cell = cell
    self.probabilities = probabilities
    type = probabilities.indices.max { (probabilities[$0], -$0) < (probabilities[$1], -$1) } ?? 0
    probability = probabilities[type]
  }
}

/// The tables of typed cells.
public enum TypedCellTable {
  /// `cells.csv` with the columns `class` and `probability`.
  public static func text(_ cells: [TypedCell], types: [String]) -> String {
    let lines = CellTable.text(cells.map(\.cell)).split(separator: "\n")
    let tails =
      ["class,probability"] + cells.map { "\(types[$0.type]),\(decimal($0.probability))" }
    return zip(lines, tails).map { "\($0),\($1)\n" }.joined()
  }

  /// A line a cell: its id and the probability of every type.
  public static func probabilities(_ cells: [TypedCell], types: [String]) -> String {
    (["id"] + types).joined(separator: ",") + "\n"
      + cells.map { cell in
        ([String(cell.cell.id)] + cell.probabilities.map(decimal)).joined(separator: ",") + "\n"
      }.joined()
  }

  /// The cells of ``text(_:types:)`` with their types' names and probabilities.
  /// - Throws: ``CellTableError`` naming the line that cannot be read.
  public static func cells(_ text: String) throws(CellTableError) -> [(
    cell: SmearCell, type: String, probability: Double
  )] {
    let cells = try CellTable.cells(text)
    let rows = try CellTable.rows(text, columns: ["class", "probability"])
    var result: [(cell: SmearCell, type: String, probability: Double)] = []
    for (number, (cell, row)) in zip(cells, rows).enumerated() {
      guard let probability = Double(row[1]), (0...1).contains(probability) else {
        throw .unreadable(line: number + 2, text: row.joined(separator: ","))
      }
      result.append((cell, row[0], probability))
    }
    return result
  }

  /// Four decimals, whatever the locale.
  private static func decimal(_ value: Double) -> String {
    let digits = String(Int((min(max(value, 0), 1) * 10_000).rounded()))
    let padded = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    return padded.dropLast(4) + "." + padded.suffix(4)
  }
}

/// A table as text: tabs between columns, one line a row, `n/a` for what is missing.
public struct TabSeparatedValues: Sendable {
  private let columns: [String]
  private var rows: [[String]] = []

  /// A table with these column names.
  public init(columns: [String]) { self.columns = columns }

  /// Add a row of as many fields as there are columns.
  public mutating func append(_ fields: [String]) {
    precondition(
      fields.count == columns.count, "\(columns.count) fields expected, \(fields.count) given")
    rows.append(fields)
  }

  /// The table. A tab, line break or backslash inside a field is written `\t`, `\n`, `\r`, `\\`.
  public var text: String {
    ([columns] + rows).map { $0.map(Self.escaped).joined(separator: "\t") + "\n" }.joined()
  }

  private static func escaped(_ field: String) -> String {
    guard field.utf8.contains(where: { [0x09, 0x0A, 0x0D, 0x5C].contains($0) }) else {
      return field
    }
    var result = ""
    for scalar in field.unicodeScalars {
      switch scalar {
      case "\t": result += "\\t"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\\": result += "\\\\"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

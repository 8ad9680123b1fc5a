import Foundation
import ImageAnalysis

/// The table of cells as text, `cells.csv`.
public enum CellTable {
  /// The columns; lengths in pixels, angles in degrees from the x axis towards +y.
  public static let columns = [
    "id", "x", "y", "semi_major", "semi_minor", "angle_deg", "area_px", "clump", "fit", "touches_border",
  ]

  /// The table, one line a cell, with a header line.
  public static func text(_ cells: [SmearCell]) -> String {
    var lines = [columns.joined(separator: ",")]
    for cell in cells {
      let e = cell.ellipse
      let degrees = e.angle * 180 / .pi
      let numbers = [e.center.x, e.center.y, e.semiAxes.x, e.semiAxes.y, degrees].map(decimal)
      lines.append(
        ([String(cell.id)] + numbers + [
          String(cell.area), String(cell.clump), cell.fit.rawValue, cell.touchesBorder ? "1" : "0",
        ]).joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The cells of such a table.
  ///
  /// - Throws: ``CellTableError`` naming the line that cannot be read.
  public static func cells(_ text: String) throws(CellTableError) -> [SmearCell] {
    let rows = try rows(text, columns: columns)
    var cells: [SmearCell] = []
    for (number, row) in rows.enumerated() {
      let values = row.prefix(8).map { Double($0) ?? .nan }
      guard values.allSatisfy(\.isFinite), let fit = SmearCell.Fit(rawValue: row[8]),
        let id = Int(row[0]), let area = Int(row[6]), let clump = Int(row[7]), values[3] > 0, values[4] > 0
      else { throw .unreadable(line: number + 2, text: row.joined(separator: ",")) }
      let ellipse = Ellipse(
        center: [values[1], values[2]], semiAxes: [values[3], values[4]], angle: values[5] * .pi / 180)
      cells.append(
        SmearCell(id: id, ellipse: ellipse, area: area, clump: clump, fit: fit, touchesBorder: row[9] == "1"))
    }
    return cells
  }

  /// The centres in any table with columns `x` and `y`, such as hand-made labels.
  public static func centers(_ text: String) throws(CellTableError) -> [SIMD2<Double>] {
    var centers: [SIMD2<Double>] = []
    for (number, row) in try rows(text, columns: ["x", "y"]).enumerated() {
      guard let x = Double(row[0]), let y = Double(row[1]), x.isFinite, y.isFinite else {
        throw .unreadable(line: number + 2, text: row.joined(separator: ","))
      }
      centers.append([x, y])
    }
    return centers
  }

  /// The named columns of every line after the header.
  public static func rows(_ text: String, columns: [String]) throws(CellTableError) -> [[String]] {
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    guard let header = lines.first else { throw .missingColumns(columns) }
    let places = columns.map { header.firstIndex(of: $0) }
    let missing = zip(columns, places).filter { $0.1 == nil }.map(\.0)
    guard missing.isEmpty else { throw .missingColumns(missing) }
    var rows: [[String]] = []
    for (number, line) in lines.dropFirst().enumerated() {
      guard line.count == header.count else {
        throw .unreadable(line: number + 2, text: line.joined(separator: ","))
      }
      rows.append(places.compactMap { $0 }.map { line[$0] })
    }
    return rows
  }

  /// Two decimals, whatever the locale.
  private static func decimal(_ value: Double) -> String {
    let hundredths = Int((min(max(value, -1e9), 1e9) * 100).rounded())
    let (whole, rest) = (abs(hundredths) / 100, abs(hundredths) % 100)
    return (hundredths < 0 ? "-" : "") + "\(whole)." + (rest < 10 ? "0" : "") + "\(rest)"
  }
}

/// Why a table of cells cannot be read.
public enum CellTableError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The header line lacks columns.
  case missingColumns([String])
  /// A line with the wrong number of fields, or one that is no number.
  case unreadable(line: Int, text: String)

  /// One line: what is wrong, what was expected.
  public var description: String {
    switch self {
    case .missingColumns(let names):
      "the header line lacks the columns \(names.joined(separator: ", ")). Write them in the first line."
    case .unreadable(let line, let text):
      "line \(line) cannot be read: '\(text.prefix(80))'. Check that line."
    }
  }
}

import Foundation

/// What both sides of a contest measured.
struct Comparison: Encodable {
  /// One piece of work, with the medians of the rounds.
  struct Row: Encodable {
    /// What the work was done on, and which work it was.
    var subject, name: String
    var oursS: Double
    var pythonS: Double
    /// How many times the time of ours Python takes.
    var ratio: Double
    /// Seconds of every round.
    var oursRoundsS: [Double]
    var pythonRoundsS: [Double]

    init(subject: String, name: String, ours: [Double], python: [Double]) {
      (self.subject, self.name) = (subject, name)
      (oursS, pythonS) = (median(ours), median(python))
      ratio = pythonS / oursS
      (oursRoundsS, pythonRoundsS) = (ours, python)
    }
  }

  /// One result of both sides.
  struct Value: Encodable {
    var name: String
    var ours: Double
    var python: Double
  }

  /// What the work was done on.
  var subject: String
  /// The Python packages and their versions.
  var packages: [String: String]
  var rounds: Int
  var rows: [Row]
  var values: [Value]
  /// How far the two results lie apart.
  var differences: [String: Double]

  /// The medians side by side, as text.
  var table: String {
    let versions = packages.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    var lines = ["\(subject); medians of \(rounds) rounds in turns with \(versions)"]
    let width = (rows.map(\.name.count) + values.map(\.name.count) + differences.keys.map(\.count)).max() ?? 0
    func line(_ name: String, _ cells: String...) {
      let padded = name.padding(toLength: width + 2, withPad: " ", startingAt: 0)
      lines.append(
        padded + cells.map { String(repeating: " ", count: max(1, 14 - $0.count)) + $0 }.joined())
    }
    line("seconds", "malpighi", "python", "ratio")
    for row in rows {
      line(
        row.name, String(format: "%.5f", row.oursS), String(format: "%.5f", row.pythonS),
        String(format: "%.2f", row.ratio))
    }
    if !values.isEmpty { line("results", "malpighi", "python") }
    for value in values {
      line(value.name, String(format: "%.6g", value.ours), String(format: "%.6g", value.python))
    }
    for (name, value) in differences.sorted(by: { $0.key < $1.key }) {
      line(name, String(format: "%.3g", value))
    }
    return lines.joined(separator: "\n")
  }
}

import ArgumentParser
import Foundation
import Reports

/// A Markdown table of the rows that benchmarks print as JSON.
struct EvidenceTable {
  private let columns: [EvidenceRecipe.Column]
  private var lines: [[String]] = []

  init(_ columns: [EvidenceRecipe.Column]) { self.columns = columns }

  /// Take over the rows of `output`: one JSON document, or one on every line. `key` says where in a document they stand,
  /// as in ``EvidenceRecipe/rows``.
  mutating func append(_ output: Data, rows key: String?) throws {
    let rows = try Self.documents(output).flatMap { try Self.rows(of: $0, key) }
    guard !rows.isEmpty else { throw ValidationError("the benchmark printed no row") }
    for row in rows {
      lines.append(
        try columns.map { column in
          guard let value = row[path: column.value] else {
            if column.optional == true { return "–" }
            throw ValidationError("no \(column.value) in the row \(row.plainText)")
          }
          return value.cell(digits: column.digits ?? 3)
        })
    }
  }

  /// The table.
  var markdown: String {
    let heading = columns.map(\.title)
    return ([heading, heading.map { _ in "---" }] + lines)
      .map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }

  private static func documents(_ output: Data) throws -> [JSONValue] {
    let decoder = JSONDecoder()
    if let whole = try? decoder.decode(JSONValue.self, from: output) { return [whole] }
    return try output.split(separator: UInt8(ascii: "\n")).map {
      try decoder.decode(JSONValue.self, from: Data($0))
    }
  }

  private static func rows(of document: JSONValue, _ key: String?) throws -> [JSONValue] {
    var place = document
    for part in key?.split(separator: ".") ?? [] where part != "*" {
      guard let inner = place[String(part)] else { throw ValidationError("no \(part) in the output") }
      place = inner
    }
    if key?.hasSuffix("*") == true {
      guard case .object(let named) = place else { throw ValidationError("no named rows in the output") }
      return named.sorted { $0.key < $1.key }.map { $0.value.named($0.key) }
    }
    if case .array(let rows) = place { return rows }
    return [place]
  }
}

extension JSONValue {
  /// The value at `path`, keys joined by dots; keys may hold dots themselves.
  fileprivate subscript(path path: String) -> JSONValue? {
    if let value = self[path] { return value }
    for dot in path.indices where path[dot] == "." {
      let rest = String(path[path.index(after: dot)...])
      if let found = self[String(path[..<dot])]?[path: rest] { return found }
    }
    return nil
  }

  /// An object that has its name as `row`.
  fileprivate func named(_ name: String) -> JSONValue {
    guard case .object(var members) = self else { return .object(["row": .string(name), "value": self]) }
    members["row"] = .string(name)
    return .object(members)
  }

  /// The value as a table shows it: numbers with `digits` decimals, estimates with their interval or deviation.
  fileprivate func cell(digits: Int) -> String {
    func number(_ key: String) -> String? { self[key]?.double.map { String(format: "%.\(digits)f", $0) } }
    switch self {
    case .null: return "–"
    case .bool(let value): return value ? "yes" : "no"
    case .number(let value): return String(format: "%.\(digits)f", value)
    case .object:
      if let mean = number("mean"), let deviation = number("deviation") { return "\(mean) ± \(deviation)" }
      guard let estimate = number("estimate") ?? number("value") else { return plainText }
      guard let lower = number("lower"), let upper = number("upper") else { return estimate }
      return "\(estimate) (\(lower) to \(upper))"
    case .integer, .string, .array: return plainText
    }
  }
}

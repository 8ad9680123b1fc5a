import ArgumentParser
import Foundation
import Reports

/// A Markdown table of the rows that benchmarks print as JSON.
struct EvidenceTable {
  private let columns: [EvidenceRecipe.Column]
  private var lines: [[String]] = []

  init(_ columns: [EvidenceRecipe.Column]) { self.columns = columns }

  /// Take over the rows of `output`, one JSON document or one on every line, which `command` printed. `key` says where in a
  /// document they stand, as in ``EvidenceRecipe/rows``; `files` are those of ``EvidenceRecipe/files``.
  mutating func append(_ output: Data, of command: String, rows key: String?, files: [String]) throws {
    let rows = try Self.documents(output).flatMap { document in
      let added = try Self.members(of: files, from: document)
      return try Self.rows(of: document, key).map { $0.with("command", .string(command)).with(added) }
    }
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

  /// The contents of `files` of the case that `document` is about, under STAGE/NAME.
  private static func members(of files: [String], from document: JSONValue) throws -> [String: JSONValue] {
    var members: [String: JSONValue] = [:]
    for file in files {
      guard case .string(let path) = document["folder"] ?? .null else {
        throw ValidationError("files are those of a case, and the output names no folder")
      }
      let parts = file.split(separator: "/").map(String.init)
      let stages = try FileManager.default.contentsOfDirectory(atPath: path)
      guard parts.count == 2, let stage = stages.first(where: { $0.hasSuffix("-\(parts[0])") }) else {
        throw ValidationError("\(path): no stage of \(file)")
      }
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(stage)/\(parts[1])"))
      members[file.replacingOccurrences(of: ".json", with: "")] = try JSONDecoder().decode(
        JSONValue.self, from: data)
    }
    return members
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
      return named.sorted { $0.key < $1.key }.map { $0.value.with("row", .string($0.key)) }
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

  /// The object with one more member; anything else becomes the member `value` of an object.
  fileprivate func with(_ name: String, _ value: JSONValue) -> JSONValue { with([name: value]) }

  fileprivate func with(_ added: [String: JSONValue]) -> JSONValue {
    guard case .object(let members) = self else { return JSONValue.object(["value": self]).with(added) }
    return .object(members.merging(added) { _, new in new })
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

import Foundation

/// A JSON value whose shape is known at run time only: parameters, scores, settings.
public enum JSONValue: Sendable, Hashable {
  /// `null`: undefined or absent.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case integer(Int)
  /// A number; one that is not finite is written as `null`, which JSON needs.
  case number(Double)
  /// Text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Named values; written with their names sorted.
  case object([String: JSONValue])

  /// The number of a `number` or `integer`.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value.isFinite ? value : nil
    default: nil
    }
  }

  /// The value called `key` of an object.
  public subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members[key]
  }

  /// As a person would write it in YAML or on the command line: `0.5`, `[1, 2]`, `none`.
  public var plainText: String {
    switch self {
    case .null: "none"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value):
      value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    case .string(let value): value
    case .array(let values): "[" + values.map(\.plainText).joined(separator: ", ") + "]"
    case .object(let members):
      "{"
        + members.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.plainText)" }
        .joined(separator: ", ") + "}"
    }
  }

  /// The numbers and nulls at the leaves, named by their path: `{"a": {"b": 1}}` gives `a.b`. Lists are left out.
  public func flattenedNumbers() -> [String: Double?] {
    var result: [String: Double?] = [:]
    func visit(_ value: JSONValue, _ path: String) {
      switch value {
      case .object(let members):
        for (key, member) in members { visit(member, path.isEmpty ? key : "\(path).\(key)") }
      case .null: result[path] = .some(nil)
      case .integer, .number: result[path] = .some(value.double)
      case .bool, .string, .array: break
      }
    }
    visit(self, "")
    return result
  }
}

extension JSONValue: Codable {
  /// Reads any JSON value.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  /// Writes the value; a number that is not finite as `null`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value):
      if value.isFinite { try container.encode(value) } else { try container.encodeNil() }
    case .string(let value): try container.encode(value)
    case .array(let values): try container.encode(values)
    case .object(let members): try container.encode(members)
    }
  }
}

/// JSON as this package writes it: names sorted, indented, one newline at the end; the same value gives the same bytes.
public enum JSONText {
  /// The document of `value`.
  public static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value) + Data("\n".utf8)
  }

  /// The document of `value`, as text.
  public static func string(_ value: some Encodable) throws -> String {
    String(decoding: try encode(value), as: UTF8.self)
  }

  /// The value of a document.
  public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
    try JSONDecoder().decode(type, from: data)
  }
}

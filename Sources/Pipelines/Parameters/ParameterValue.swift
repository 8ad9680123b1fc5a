import Foundation
import Reports

/// A value as it stands in YAML or after `=` on the command line, before its type is known.
public indirect enum RawValue: Sendable, Hashable {
  /// A single word or text.
  case scalar(String)
  /// A list.
  case list([RawValue])

  /// The value as one line of text.
  public var text: String {
    switch self {
    case .scalar(let text): text
    case .list(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
    }
  }

  /// The elements of a list; a scalar `a, b` or `[a, b]` counts as the list of its parts, as typed in a shell.
  package var elements: [RawValue] {
    switch self {
    case .list(let values): return values
    case .scalar(var text):
      if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
      let parts = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      return parts.map { .scalar($0) }
    }
  }
}

/// Where a value was written; relative file names are resolved against `folder`.
public struct ValueOrigin: Sendable, Hashable {
  /// The working directory for the command line, the folder of the YAML file for YAML.
  public let folder: URL

  /// An origin whose relative file names start in `folder`.
  public init(folder: URL) { self.folder = folder }
}

/// What a type that cannot take a raw value throws; the caller adds stage, key and place.
public struct WrongValue: Error, Sendable, Equatable {
  /// The text found.
  public let found: String
  /// What would have been right.
  public let expected: String

  /// A wrong value: `found` where `expected` should stand.
  public init(found: String, expected: String) {
    self.found = found
    self.expected = expected
  }
}

/// A type a parameter can have.
public protocol ParameterValue: Sendable {
  /// What it accepts, in words.
  static var kind: String { get }
  /// The value of `raw`; throws ``WrongValue`` where it is not one.
  init(_ raw: RawValue, origin: ValueOrigin) throws
  /// The value for `stage.json`.
  var json: JSONValue { get }
  /// The files it names, whose contents count as inputs of the stage.
  var files: [InputFile] { get }
}

extension ParameterValue {
  /// None, unless the type names files.
  public var files: [InputFile] { [] }
}

extension RawValue {
  /// The text of a scalar; a list throws, saying `expected`.
  public func scalar(_ expected: String) throws -> String {
    guard case .scalar(let text) = self else { throw WrongValue(found: text, expected: expected) }
    return text
  }
}

extension RawValue {
  /// The value its text stands for.
  fileprivate func parsed<Value: LosslessStringConvertible>(
    as expected: String, where isValid: (Value) -> Bool = { _ in true }
  ) throws -> Value {
    guard let value = Value(try scalar(expected)), isValid(value) else {
      throw WrongValue(found: text, expected: expected)
    }
    return value
  }
}

extension Bool: ParameterValue {
  /// `true` or `false`.
  public static var kind: String { "true|false" }
  /// Reads `true` or `false`.
  public init(_ raw: RawValue, origin: ValueOrigin) throws {
    self = try raw.parsed(as: "true or false")
  }
  /// The value.
  public var json: JSONValue { .bool(self) }
}

extension Int: ParameterValue {
  /// A whole number.
  public static var kind: String { "whole number" }
  /// Reads a decimal whole number.
  public init(_ raw: RawValue, origin: ValueOrigin) throws {
    self = try raw.parsed(as: "a whole number")
  }
  /// The value.
  public var json: JSONValue { .integer(self) }
}

extension Double: ParameterValue {
  /// A number.
  public static var kind: String { "number" }
  /// Reads a finite number written with a decimal point.
  public init(_ raw: RawValue, origin: ValueOrigin) throws {
    self = try raw.parsed(as: "a number", where: \.isFinite)
  }
  /// The value.
  public var json: JSONValue { .number(self) }
}

extension Float: ParameterValue {
  /// A number.
  public static var kind: String { "number" }
  /// Reads a finite number written with a decimal point.
  public init(_ raw: RawValue, origin: ValueOrigin) throws {
    self = try raw.parsed(as: "a number", where: \.isFinite)
  }
  /// The value, with as many digits as a `Float` needs.
  public var json: JSONValue { .number(Double(description) ?? Double(self)) }
}

extension String: ParameterValue {
  /// Any text.
  public static var kind: String { "text" }
  /// Takes the text as it stands.
  public init(_ raw: RawValue, origin: ValueOrigin) throws { self = try raw.scalar("text") }
  /// The value.
  public var json: JSONValue { .string(self) }
}

import Foundation
import Reports

extension Array: ParameterValue where Element: ParameterValue {
  /// A list, in YAML `[a, b]`, in `--set` also `a,b`.
  public static var kind: String { "list of \(Element.kind)" }
  /// Reads each element.
  public init(_ raw: RawValue, origin: ValueOrigin) throws {
    self = try raw.elements.map { try Element($0, origin: origin) }
  }
  /// The values.
  public var json: JSONValue { .array(map(\.json)) }
  /// The files of the elements.
  public var files: [InputFile] { flatMap(\.files) }
}

extension Optional: ParameterValue where Wrapped: ParameterValue {
  /// As the wrapped type, or `none`.
  public static var kind: String { "\(Wrapped.kind) or none" }
  /// Reads `none`, or a value.
  public init(_ raw: RawValue, origin: ValueOrigin) throws {
    self = ["none", "null", "~", ""].contains(raw.text) ? .none : try Wrapped(raw, origin: origin)
  }
  /// The value, or null.
  public var json: JSONValue { self?.json ?? .null }
  /// The files of the value.
  public var files: [InputFile] { self?.files ?? [] }
}

/// A choice out of a few words: conform a `String` enumeration with `CaseIterable` to it.
public protocol ParameterChoice: ParameterValue, CaseIterable, RawRepresentable
where RawValue == String {}

extension ParameterChoice {
  /// The words, as `a|b|c`.
  public static var kind: String { allCases.map(\.rawValue).joined(separator: "|") }

  /// Reads one of the words.
  public init(_ raw: Pipelines.RawValue, origin: ValueOrigin) throws {
    let text = try raw.scalar(Self.kind)
    guard let value = Self(rawValue: text) else {
      let words = Self.allCases.map(\.rawValue)
      throw WrongValue(
        found: text, expected: words.joined(separator: ", ") + didYouMean(text, among: words))
    }
    self = value
  }

  /// The word.
  public var json: JSONValue { .string(rawValue) }
}

/// A file (or folder) named by a parameter. Its contents are hashed as an input of the stage.
public struct InputFile: ParameterValue, Hashable {
  /// A path.
  public static var kind: String { "file" }
  /// Where it is.
  public let url: URL

  /// The file at `url`.
  public init(_ url: URL) { self.url = url }

  /// Reads a path; a relative one starts in the folder of `origin`.
  public init(_ raw: RawValue, origin: ValueOrigin) throws {
    let path = try raw.scalar("a path")
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw WrongValue(found: path, expected: "a path")
    }
    let url =
      path.hasPrefix("/") ? URL(fileURLWithPath: path) : origin.folder.appendingPathComponent(path)
    self.url = url.standardizedFileURL
  }

  /// The absolute path.
  public var json: JSONValue { .string(url.path) }
  /// Itself.
  public var files: [InputFile] { [self] }
}

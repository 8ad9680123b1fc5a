import Reports

/// A value whose stored properties are parameters that users can set: a stage, a training, a synthesis.
public protocol Parametrized: Sendable {
  /// The name of the type in YAML, `domain.name`.
  static var name: String { get }
  /// What it does, in one sentence.
  static var summary: String { get }
  /// The parameters.
  static var parameters: [Parameter<Self>] { get }
  /// The value with its defaults.
  init()
  /// Throws ``WrongValue`` where parameters contradict each other.
  func validate() throws
}

extension Parametrized {
  /// None.
  public static var parameters: [Parameter<Self>] { [] }
  /// Nothing to check.
  public func validate() throws {}
}

/// A parameter as `malpighi list PIPELINE` shows it.
public struct ParameterDescription: Sendable, Codable, Hashable {
  /// The key.
  public let key: String
  /// The value now.
  public let value: JSONValue
  /// What it accepts.
  public let accepts: String
  /// What it is.
  public let help: String
}

extension Parametrized {
  /// Every parameter with its value.
  public var parameterDescriptions: [ParameterDescription] {
    Self.parameters.map {
      ParameterDescription(key: $0.key, value: $0.read(self), accepts: $0.accepts, help: $0.help)
    }
  }

  /// Every parameter's value, for `stage.json`.
  public var parameterValues: [String: JSONValue] {
    Dictionary(Self.parameters.map { ($0.key, $0.read(self)) }) { first, _ in first }
  }

  /// The files that parameters name, with their keys.
  package var parameterFiles: [(key: String, file: InputFile)] {
    Self.parameters.flatMap { parameter in parameter.files(self).map { (parameter.key, $0) } }
  }

  /// Set the parameter called `key`. Throws ``UnknownName`` for another name, ``WrongValue`` for another type or range.
  package mutating func set(_ key: String, to raw: RawValue, origin: ValueOrigin) throws {
    guard let parameter = Self.parameters.first(where: { $0.key == key }) else {
      throw UnknownName(name: key, known: Self.parameters.map(\.key))
    }
    try parameter.write(&self, raw, origin)
  }
}

/// A name that is not among those known.
package struct UnknownName: Error, Sendable, Equatable {
  package let name: String
  package let known: [String]

  package init(name: String, known: [String]) {
    self.name = name
    self.known = known
  }

  /// `no KIND 'x'; did you mean 'y'?`, or the names there are.
  package func message(_ kind: String) -> String {
    let hint = didYouMean(name, among: known)
    if !hint.isEmpty { return "no \(kind) '\(name)'\(hint)" }
    return "no \(kind) '\(name)'; known: \(known.isEmpty ? "none" : known.joined(separator: ", "))"
  }
}

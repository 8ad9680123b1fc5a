import Foundation
import Reports

/// One parameter of a stage, declared once: it gives the key in YAML and `--set`, the help text, the default (that of
/// a fresh `Root()`), the check of type and range, and the value in `stage.json`.
///
/// ```swift
/// var alpha = 0.5
/// static let parameters = [Parameter("alpha", \.alpha, "weight of plates against lines", in: 0.01...10)]
/// ```
public struct Parameter<Root: Sendable>: Sendable {
  /// The name in YAML and after `STAGE.` in `--set`.
  public let key: String
  /// What it is, with its unit.
  public let help: String
  /// What it accepts: `number`, `f32|bf16|auto`, `list of whole number`, with its range.
  public let accepts: String
  package let read: @Sendable (Root) -> JSONValue
  package let files: @Sendable (Root) -> [InputFile]
  package let write: @Sendable (inout Root, RawValue, ValueOrigin) throws -> Void

  /// A parameter that any value of its type fits.
  public init<Value: ParameterValue>(
    _ key: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ help: String
  ) {
    self.key = key
    self.help = help
    accepts = Value.kind
    read = { $0[keyPath: path].json }
    files = { $0[keyPath: path].files }
    write = { root, raw, origin in root[keyPath: path] = try Value(raw, origin: origin) }
  }

  /// A parameter limited to `range`, ends included.
  public init<Value: ParameterValue & Comparable>(
    _ key: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ help: String,
    in range: ClosedRange<Value>
  ) {
    self.key = key
    self.help = help
    accepts = "\(Value.kind), \(range.lowerBound) to \(range.upperBound)"
    read = { $0[keyPath: path].json }
    files = { $0[keyPath: path].files }
    write = { root, raw, origin in
      let value = try Value(raw, origin: origin)
      guard range.contains(value) else {
        throw WrongValue(found: raw.text, expected: "\(range.lowerBound) to \(range.upperBound)")
      }
      root[keyPath: path] = value
    }
  }
}

/// Something noticed about a file: a stable code for programs, a sentence for people.
public struct Finding: Hashable, Sendable, Codable, CustomStringConvertible {
  /// How much it matters.
  public enum Severity: String, Hashable, Sendable, Codable, Comparable, CaseIterable {
    /// Worth knowing; nothing was changed.
    case note
    /// The file departs from its standard or was repaired as stated; `--strict` refuses it.
    case warning
    /// The file cannot be read, or not without a guess.
    case error

    /// Notes before warnings before errors.
    public static func < (left: Severity, right: Severity) -> Bool {
      let order = Severity.allCases
      return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
    }
  }

  /// Stable across versions, such as `nifti.truncated`; the module's documentation lists them.
  public let code: String
  /// How much it matters.
  public let severity: Severity
  /// What is wrong, found against expected, and what to do about it.
  public let message: String

  /// A finding.
  public init(_ severity: Severity, _ code: String, _ message: String) {
    self.code = code
    self.severity = severity
    self.message = message
  }

  /// Such as `warning nifti.qfac: pixdim[0] is 0.5 …`.
  public var description: String { "\(severity.rawValue) \(code): \(message)" }
}

import Foundation

/// One case: what goes in, and what to compare with.
public struct Case: Sendable, Hashable, Codable {
  /// The id; the name of its folder.
  public let id: String
  /// The file, or the folder of a patient.
  public let input: URL
  /// The label, where there is one.
  public let label: URL?

  /// A case.
  public init(id: String, input: URL, label: URL? = nil) {
    self.id = id
    self.input = input
    self.label = label
  }
}

extension Case {
  /// Whether both name the same files, however their URLs are written.
  func isSame(as other: Case) -> Bool {
    id == other.id && input.path == other.input.path && label?.path == other.label?.path
  }
}

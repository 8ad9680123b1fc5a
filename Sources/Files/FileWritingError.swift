/// Why an output is not there.
public enum FileWritingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The folder is missing, read-only, full, or has a folder of that name.
  case cannotCreate(path: String, errno: Int32, reason: String)
  /// The disk is full, a quota is used up or the device failed; nothing is left under the name.
  case cannotWrite(path: String, errno: Int32, reason: String)

  /// The file concerned.
  public var path: String {
    switch self {
    case .cannotCreate(let path, _, _), .cannotWrite(let path, _, _): path
    }
  }

  /// What is wrong and what to do, without the path.
  public var message: String {
    switch self {
    case .cannotCreate(_, _, let reason), .cannotWrite(_, _, let reason): reason
    }
  }

  /// One line: the file, what is wrong, what to do.
  public var description: String { "\(path): \(message)" }
}

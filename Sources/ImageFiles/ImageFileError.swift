import Files

/// Why a file could not be read or written.
public enum ImageFileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no such file, or a part of it (the image of a pair) is not there.
  case missing(path: String, reason: String)
  /// The system refuses to give the file: permissions, a read error, something that is not a file.
  case unreadable(path: String, reason: String)
  /// The file is there and is damaged, not an image, or of a kind that is not supported.
  case refused(path: String, Finding)
  /// The output cannot be created: the folder is missing, read-only or not a folder.
  case cannotCreate(path: String, errno: Int32, reason: String)
  /// Writing the output failed on the way; nothing is left under its name.
  case cannotWrite(path: String, errno: Int32, reason: String)

  /// The file concerned.
  public var path: String {
    switch self {
    case .missing(let path, _), .unreadable(let path, _), .refused(let path, _),
      .cannotCreate(let path, _, _), .cannotWrite(let path, _, _):
      path
    }
  }

  /// A stable code for programs, such as `file.missing` or `nifti.truncated`.
  public var code: String {
    switch self {
    case .missing: "file.missing"
    case .unreadable: "file.unreadable"
    case .refused(_, let finding): finding.code
    case .cannotCreate: "output.cannot-create"
    case .cannotWrite: "output.cannot-write"
    }
  }

  /// What is wrong and what to do, without the path.
  public var message: String {
    switch self {
    case .missing(_, let reason), .unreadable(_, let reason), .cannotCreate(_, _, let reason),
      .cannotWrite(_, _, let reason):
      reason
    case .refused(_, let finding): finding.message
    }
  }

  /// The process exit status that says so (sysexits): 65 bad data, 66 no input, 73 cannot create, 74 I/O.
  public var exitCode: Int32 {
    switch self {
    case .missing, .unreadable: 66
    case .refused: 65
    case .cannotCreate: 73
    case .cannotWrite: 74
    }
  }

  /// One line: the file, what is wrong, what to do.
  public var description: String { "\(path): \(message)" }

  /// A refusal of `path`.
  static func refused(_ path: String, _ code: String, _ message: String) -> ImageFileError {
    .refused(path: path, Finding(.error, code, message))
  }
}

extension ImageFileError {
  /// The same failure of an output.
  init(_ error: FileWritingError) {
    self =
      switch error {
      case .cannotCreate(let path, let errno, let reason):
        .cannotCreate(path: path, errno: errno, reason: reason)
      case .cannotWrite(let path, let errno, let reason):
        .cannotWrite(path: path, errno: errno, reason: reason)
      }
  }
}

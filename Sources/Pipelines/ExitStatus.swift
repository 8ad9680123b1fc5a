import Foundation

/// The exit codes of the command, those of `sysexits.h` where it has one.
public enum ExitStatus: Int, Sendable, Codable {
  /// Done.
  case done = 0
  /// The batch came to its end, some cases failed.
  case someFailed = 2
  /// Wrong use of the command line.
  case usage = 64
  /// An input is damaged or does not fit.
  case badData = 65
  /// An input is not there.
  case noInput = 66
  /// A fault of this program, or a computation that diverged.
  case internalFault = 70
  /// An output cannot be created.
  case cannotCreate = 73
  /// Reading or writing failed.
  case inputOutput = 74
  /// Interrupted, or another process works on it; the same command resumes.
  case interrupted = 75
  /// Wrong configuration.
  case configuration = 78

  /// The code for `error`: what the error itself says (``ExitStatusProviding``), else by kind of system error.
  public init(of error: any Error) {
    if let error = error as? any ExitStatusProviding {
      self = error.exitStatus
    } else if let error = error as? CocoaError {
      self = error.exitStatus
    } else {
      self = .internalFault
    }
  }
}

/// An error that knows its exit code. Stages conform the errors of their domain module to it.
public protocol ExitStatusProviding: Error {
  /// The exit code.
  var exitStatus: ExitStatus { get }
}

extension PipelineError: ExitStatusProviding {
  /// The exit code of the class of fault.
  public var exitStatus: ExitStatus {
    switch self {
    case .usage: .usage
    case .badData: .badData
    case .noInput: .noInput
    case .internalFault: .internalFault
    case .cannotCreate: .cannotCreate
    case .inputOutput: .inputOutput
    case .interrupted, .claimed: .interrupted
    case .configuration: .configuration
    }
  }
}

extension CocoaError {
  fileprivate var exitStatus: ExitStatus {
    switch code {
    case .fileNoSuchFile, .fileReadNoSuchFile: .noInput
    case .fileWriteNoPermission, .fileWriteVolumeReadOnly, .fileWriteFileExists,
      .fileWriteInvalidFileName:
      .cannotCreate
    case .fileReadCorruptFile, .fileReadTooLarge: .badData
    default: .inputOutput
    }
  }
}

extension ExitStatus {
  /// The line to print for `error`.
  public static func message(of error: any Error) -> String {
    guard let error = error as? CocoaError else { return "\(error)" }
    let path = error.filePath ?? error.url?.path
    let reason =
      (error.underlying as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
      ?? error.localizedDescription
    return path.map { "\($0): \(reason)" } ?? reason
  }
}

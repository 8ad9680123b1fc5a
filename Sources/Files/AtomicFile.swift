import Foundation
import SystemPackage

/// An output file that is complete under its name or not there at all.
///
/// Bytes go to a temporary name in the same folder; `commit()` brings them to the disk, renames the file and
/// brings the folder to the disk. A value that goes away without `commit()` removes what it wrote, and a file
/// that had the name before stays as it was.
///
/// ```swift
/// var file = try AtomicFile(at: "out/vessels.nii.gz")
/// try file.write(bytes)
/// try file.commit()
/// ```
public struct AtomicFile: ~Copyable {
  /// The final name.
  public let path: String
  private let temporaryPath: String
  private let descriptor: Int32
  private let expectedBytes: Int?
  private let operations: FileOperations
  private var written = 0

  /// Starts a file that will be called `path`.
  /// - Parameters:
  ///   - path: The final name; its folder must exist.
  ///   - expectedBytes: How long the file will be, where known: for the message when the disk is full.
  /// - Throws: ``FileWritingError/cannotCreate(path:errno:reason:)``.
  public init(at path: String, expectedBytes: Int? = nil) throws(FileWritingError) {
    let folder = AtomicFile.folder(of: path)
    // Not made from the final name, which may already be as long as a name can be.
    temporaryPath = "\(folder)/\(TemporaryName.make())"
    self.path = path
    self.expectedBytes = expectedBytes
    operations = .current
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw .cannotCreate(path: path, errno: EISDIR, reason: "a folder has this name. Choose another one.")
    }
    do { descriptor = try operations.create(temporaryPath) } catch {
      throw .cannotCreate(
        path: path, errno: error.rawValue, reason: AtomicFile.explanation(of: error, folder: folder))
    }
  }

  /// Appends `bytes`.
  /// - Throws: ``FileWritingError/cannotWrite(path:errno:reason:)``, on a full disk with the bytes needed and free.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileWritingError) {
    var rest = bytes
    while !rest.isEmpty {
      do {
        let count = try operations.write(descriptor, rest)
        written += count
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } catch {
        if error != .interrupted { throw failure(error, outstanding: rest.count) }
      }
    }
  }

  /// Appends `bytes`.
  public mutating func write(_ bytes: some ContiguousBytes) throws(FileWritingError) {
    // A typed error cannot leave the closure; it is carried out as a value.
    var outcome: Result<Void, FileWritingError> = .success(())
    bytes.withUnsafeBytes { buffer in
      outcome = Result { () throws(FileWritingError) in try write(buffer) }
    }
    try outcome.get()
  }

  /// Makes the file appear under its name, complete and on the disk.
  public consuming func commit() throws(FileWritingError) {
    do {
      try operations.synchronize(descriptor)
      try operations.rename(temporaryPath, path)
    } catch {
      throw failure(error, outstanding: 0)
    }
    do { try operations.synchronizeFolder(AtomicFile.folder(of: path)) } catch {
      throw failure(error, outstanding: 0)
    }
  }

  // After a successful rename the temporary name is gone, and removing it does nothing.
  deinit {
    close(descriptor)
    unlink(temporaryPath)
  }

  /// Writes `bytes` to `path` in one step.
  public static func write(_ bytes: some ContiguousBytes, to path: String) throws(FileWritingError) {
    let count = bytes.withUnsafeBytes(\.count)
    var file = try AtomicFile(at: path, expectedBytes: count)
    try file.write(bytes)
    try file.commit()
  }

  private func failure(_ error: Errno, outstanding: Int) -> FileWritingError {
    guard error == .noSpace || error == .diskQuotaExceeded else {
      return .cannotWrite(
        path: path, errno: error.rawValue, reason: "writing failed: \(error.description). Nothing was left.")
    }
    var status = statvfs()
    let folder = AtomicFile.folder(of: path)
    let isKnown = statvfs(folder, &status) == 0
    // What was written under the temporary name is given back when this value goes away.
    let free = isKnown ? Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize)) + written : 0
    let needed = max(expectedBytes ?? 0, written + outstanding)
    let room = isKnown ? ", \(grouped(free)) free in \(folder)" : ""
    return .cannotWrite(
      path: path, errno: error.rawValue,
      reason:
        "\(error == .noSpace ? "the disk is full" : "the disk quota is used up"): \(grouped(needed)) bytes "
        + "needed\(room). Nothing was left; free some space or choose another folder.")
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func explanation(of error: Errno, folder: String) -> String {
    switch error {
    case .noSuchFileOrDirectory: "cannot create it: there is no folder \(folder). Make it first."
    case .permissionDenied, .notPermitted: "cannot create it: no right to write in \(folder)."
    case .readOnlyFileSystem: "cannot create it: \(folder) is on a read-only file system."
    case .notDirectory: "cannot create it: \(folder) is not a folder."
    case .noSpace:
      "cannot create it: the disk of \(folder) is full. Free some space or choose another folder."
    default: "cannot create it in \(folder): \(error.description)."
    }
  }
}

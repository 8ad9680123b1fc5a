import Foundation

/// A file that is complete or absent: written under a temporary name beside its place, then renamed.
///
/// `commit()` flushes the bytes to the disk, renames, and flushes the folder, so that a loss of power leaves the old
/// file or the new one. A value that goes away without `commit()` removes its temporary file; what stood at `url`
/// stays untouched.
public struct AtomicFile: ~Copyable {
  /// The place the file will have.
  public let url: URL
  private let temporaryPath: String
  private let system: FileSystemCalls
  private var descriptor: Int32

  /// Start writing the file that shall stand at `url`.
  /// - Throws: ``AtomicFileError/cannotCreate(path:errno:)`` where its folder is missing or refuses.
  public init(at url: URL) throws(AtomicFileError) {
    self.url = url
    system = FileSystemCalls.current
    // The name is short whatever the final name is, which may be as long as the file system allows.
    temporaryPath = folder(of: url) + "/.\(UUID().uuidString.prefix(13)).partial"
    descriptor = system.open(temporaryPath)
    if descriptor < 0 { throw .cannotCreate(path: url.path, errno: errno) }
  }

  deinit {
    if descriptor >= 0 {
      _ = system.close(descriptor)
      unlink(temporaryPath)
    }
  }

  /// Append `bytes`.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AtomicFileError) {
    precondition(descriptor >= 0, "written after commit()")
    var rest = bytes
    while rest.count > 0 {
      let written = system.write(descriptor, rest)
      if written >= 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
      } else if errno != EINTR {
        throw .cannotWrite(path: url.path, errno: errno)
      }
    }
  }

  /// Append `data`.
  public mutating func write(_ data: Data) throws(AtomicFileError) {
    // A typed error cannot leave a closure of Data; it is carried out as a value.
    for region in data.regions {
      let outcome = region.withUnsafeBytes { bytes in
        Result { () throws(AtomicFileError) in try write(bytes) }
      }
      try outcome.get()
    }
  }

  /// Make the file appear at `url`, replacing what stood there.
  public mutating func commit() throws(AtomicFileError) {
    precondition(descriptor >= 0, "committed twice")
    if system.synchronize(descriptor) != 0 { throw .cannotWrite(path: url.path, errno: errno) }
    let closed = system.close(descriptor)
    descriptor = -1
    guard closed == 0, system.rename(temporaryPath, url.path) == 0 else {
      let reason = errno
      unlink(temporaryPath)
      throw .cannotWrite(path: url.path, errno: reason)
    }
    // Not every file system can flush a folder; the file itself is complete by now.
    let parent = open(folder(of: url), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if parent >= 0 {
      _ = system.synchronize(parent)
      close(parent)
    }
  }

  /// Write a whole file at once.
  public static func write(_ data: Data, to url: URL) throws(AtomicFileError) {
    var file = try AtomicFile(at: url)
    try file.write(data)
    try file.commit()
  }
}

/// Why a file could not be written.
public enum AtomicFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The folder is missing, read-only or out of names.
  case cannotCreate(path: String, errno: Int32)
  /// The disk is full, a quota is reached or the device failed.
  case cannotWrite(path: String, errno: Int32)

  /// One line: the file, what is wrong, what to do.
  public var description: String {
    switch self {
    case .cannotCreate(let path, let errno):
      "\(path): cannot be created: \(String(cString: strerror(errno))). Nothing was written."
    case .cannotWrite(let path, let errno):
      "\(path): cannot be written: \(String(cString: strerror(errno))). What stood there before is unchanged."
    }
  }
}

/// The system calls of an ``AtomicFile``, so that tests can let the n-th of them fail.
package struct FileSystemCalls: Sendable {
  @TaskLocal package static var current = FileSystemCalls()

  package var open: @Sendable (String) -> Int32 = {
    Foundation.open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
  }
  package var write: @Sendable (Int32, UnsafeRawBufferPointer) -> Int = {
    Foundation.write($0, $1.baseAddress, min($1.count, 1 << 30))
  }
  package var synchronize: @Sendable (Int32) -> Int32 = { fsync($0) }
  package var close: @Sendable (Int32) -> Int32 = { Foundation.close($0) }
  package var rename: @Sendable (String, String) -> Int32 = { Foundation.rename($0, $1) }

  package init() {}
}

/// The folder that holds `url`.
private func folder(of url: URL) -> String { url.deletingLastPathComponent().path }

import Foundation
import SystemPackage

/// The system calls an output goes through, as values, so that a test can make the n-th one fail.
public struct FileOperations: Sendable {
  /// The calls that files started in this task use.
  @TaskLocal public static var current = FileOperations.system

  /// Creates a file that must not exist yet and opens it for writing.
  public var create: @Sendable (_ path: String) throws(Errno) -> Int32
  /// Writes some of the bytes and returns how many.
  public var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int
  /// Brings a file's bytes to the disk.
  public var synchronize: @Sendable (_ descriptor: Int32) throws(Errno) -> Void
  /// Gives a file its final name, in place of any file of that name.
  public var rename: @Sendable (_ from: String, _ to: String) throws(Errno) -> Void
  /// Brings a folder's list of names to the disk.
  public var synchronizeFolder: @Sendable (_ path: String) throws(Errno) -> Void

  /// The system's own calls.
  public static let system = FileOperations(
    create: { path throws(Errno) in
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor < 0 { throw Errno(rawValue: errno) }
      return descriptor
    },
    write: { descriptor, bytes throws(Errno) in
      let count = Foundation.write(descriptor, bytes.baseAddress, min(bytes.count, 1 << 30))
      if count < 0 { throw Errno(rawValue: errno) }
      return count
    },
    synchronize: { descriptor throws(Errno) in
      if fsync(descriptor) != 0 { throw Errno(rawValue: errno) }
    },
    rename: { from, to throws(Errno) in
      if Foundation.rename(from, to) != 0 { throw Errno(rawValue: errno) }
    },
    synchronizeFolder: { path throws(Errno) in
      let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if descriptor < 0 { throw Errno(rawValue: errno) }
      defer { close(descriptor) }
      // Some network file systems cannot do this for a folder; the file itself is safe by then.
      if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP { throw Errno(rawValue: errno) }
    })
}

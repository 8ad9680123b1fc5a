import Foundation
import SystemPackage

/// A regular file open for reading, checked for being replaced or rewritten meanwhile.
///
/// Read by `pread`, never mapped: a mapped file that another process truncates kills the reader with SIGBUS.
struct SourceFile: ~Copyable {
  /// What tells one state of a file from another.
  struct Identity: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
    var size: Int
    var modified: Int
    var modifiedNanoseconds: Int

    init(_ status: stat) {
      device = UInt64(truncatingIfNeeded: status.st_dev)
      inode = UInt64(truncatingIfNeeded: status.st_ino)
      size = Int(status.st_size)
      modified = Int(status.st_mtim.tv_sec)
      modifiedNanoseconds = Int(status.st_mtim.tv_nsec)
    }
  }

  let path: String
  let identity: Identity
  private let descriptor: Int32

  var size: Int { identity.size }

  /// Opens `path`; folders, pipes, devices and sockets are refused without ever waiting for them.
  init(_ path: String) throws(ImageFileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw .missing(path: path, reason: "not a file name")
    }
    var status = stat()
    // Looked at before it is opened, because opening a device can itself have effects.
    guard stat(path, &status) == 0 else { throw SourceFile.openError(path, errno) }
    try SourceFile.requireRegular(path, status)
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw SourceFile.openError(path, errno) }
    guard fstat(descriptor, &status) == 0 else {
      let reason = Errno(rawValue: errno).description
      close(descriptor)
      throw .unreadable(path: path, reason: reason)
    }
    do { try SourceFile.requireRegular(path, status) } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
    identity = Identity(status)
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with the bytes from `offset` on; a file that ends before is one that has changed.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(ImageFileError) {
    guard let base = buffer.baseAddress else { return }
    var done = 0
    while done < buffer.count {
      let wanted = min(buffer.count - done, 1 << 30)
      let count = pread(descriptor, base + done, wanted, off_t(offset + done))
      if count > 0 {
        done += count
      } else if count == 0 {
        throw changed
      } else if errno != EINTR {
        throw .unreadable(path: path, reason: "read error: \(Errno(rawValue: errno).description)")
      }
    }
  }

  /// Up to `count` bytes from `offset` on, fewer where the file ends.
  func bytes(at offset: Int, count: Int) throws(ImageFileError) -> [UInt8] {
    let available = max(0, min(count, size - offset))
    var bytes = [UInt8](repeating: 0, count: available)
    var outcome: Result<Void, ImageFileError> = .success(())
    bytes.withUnsafeMutableBytes { buffer in
      outcome = Result { () throws(ImageFileError) in try read(at: offset, into: buffer) }
    }
    try outcome.get()
    return bytes
  }

  /// Throws where the open file is no longer as it was when it was opened, or as it was at `earlier`.
  func requireUnchanged(since earlier: Identity? = nil) throws(ImageFileError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, Identity(status) == (earlier ?? identity) else { throw changed }
  }

  private var changed: ImageFileError {
    .refused(path, "file.changed", "the file changed while it was being read. Run again when it is complete.")
  }

  private static func openError(_ path: String, _ number: Int32) -> ImageFileError {
    switch number {
    case ENOENT, ENOTDIR: .missing(path: path, reason: "no such file")
    case ELOOP: .unreadable(path: path, reason: "a loop of symbolic links. Point the link at a file.")
    case EACCES, EPERM:
      .unreadable(path: path, reason: "permission denied. Check the rights of file and folder.")
    default: .unreadable(path: path, reason: Errno(rawValue: number).description)
    }
  }

  private static func requireRegular(_ path: String, _ status: stat) throws(ImageFileError) {
    let kind = status.st_mode & S_IFMT
    if kind == S_IFREG { return }
    if kind == S_IFDIR {
      if let name = FormatSniffer.dicomFile(in: path) {
        throw .refused(
          path, "format.dicom",
          "a folder of DICOM files (\(name)). Convert it with: dcm2niix -z y \"\(path)\"")
      }
      throw .refused(path, "file.folder", "a folder, not an image file. Name a file in it.")
    }
    let name =
      kind == S_IFIFO
      ? "a named pipe"
      : kind == S_IFCHR || kind == S_IFBLK ? "a device" : kind == S_IFSOCK ? "a socket" : "special"
    throw .refused(
      path, "file.not-regular", "\(name), not a regular file. Copy the data into a file first.")
  }
}

import Foundation

/// SHA-256 digests of what stages read and write, each file read once a run as long as it stays the same file.
final class ContentDigest {
  /// What tells that a file is still the one that was hashed.
  struct Identity: Hashable {
    let device: UInt
    let inode: UInt
    let size: Int
    let modified: Int
    let modifiedNanoseconds: Int
  }

  private var known: [String: (identity: Identity, digest: String)] = [:]

  /// The digest and size of the file or folder at `url`.
  func digest(of url: URL) throws -> (sha256: String, bytes: Int) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw PipelineError.noInput("\(url.path): no such file")
    }
    if isFolder.boolValue { return try digest(ofFolder: url) }
    let identity = try Self.identity(of: url)
    if let entry = known[url.path], entry.identity == identity {
      return (entry.digest, identity.size)
    }
    let digest = try Self.sha256(ofFile: url)
    guard try Self.identity(of: url) == identity else {
      throw PipelineError.badData(
        "\(url.path): changed while it was being read. Run again when it is complete.")
    }
    known[url.path] = (identity, digest)
    return (digest, identity.size)
  }

  /// Throws where the file at `url` is no longer the one whose digest was taken.
  func requireUnchanged(_ url: URL) throws {
    guard let entry = known[url.path] else { return }
    guard let now = try? Self.identity(of: url), now == entry.identity else {
      throw PipelineError.badData(
        "\(url.path): changed while it was being read. Run again when it is complete.")
    }
  }

  /// The digest of a folder: that of the sorted list of its files' paths and digests. Hidden files do not count.
  private func digest(ofFolder folder: URL) throws -> (sha256: String, bytes: Int) {
    var list = ""
    var bytes = 0
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() {
      let url = folder.appendingPathComponent(path, isDirectory: false)
      guard !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }), isRegularFile(url)
      else {
        continue
      }
      let (digest, size) = try digest(of: url)
      list += "\(digest)  \(path)\n"
      bytes += size
    }
    return (Self.sha256(of: Data(list.utf8)), bytes)
  }

  static func identity(of url: URL) throws -> Identity {
    var status = stat()
    guard stat(url.path, &status) == 0 else {
      throw PipelineError.noInput("\(url.path): \(String(cString: strerror(errno)))")
    }
    return Identity(
      device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size),
      modified: status.st_mtim.tv_sec, modifiedNanoseconds: status.st_mtim.tv_nsec)
  }

  /// The digest of `data`, hexadecimal.
  static func sha256(of data: Data) -> String {
    let digest = SHA256()
    data.withUnsafeBytes { digest.update($0) }
    return digest.finish()
  }

  private static func sha256(ofFile url: URL) throws -> String {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw PipelineError.inputOutput(
        "\(url.path): cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    let digest = SHA256()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw PipelineError.inputOutput(
          "\(url.path): cannot be read: \(String(cString: strerror(errno)))")
      }
      if count == 0 { return digest.finish() }
      digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}

/// Whether `url` is a regular file, links followed; never blocks on a pipe.
func isRegularFile(_ url: URL) -> Bool {
  var status = stat()
  return stat(url.path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}

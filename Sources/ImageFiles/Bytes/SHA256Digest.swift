import CMessageDigest
import Foundation

/// The SHA-256 of some bytes, for provenance: what a result was made from.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
  /// The 32 bytes of the digest.
  public let bytes: [UInt8]

  /// The digest of `bytes`.
  public init(of bytes: some ContiguousBytes) {
    var context = SHA2_CTX()
    SHA256Init(&context)
    bytes.withUnsafeBytes { SHA256Digest.update(&context, $0) }
    self.init(finishing: &context)
  }

  /// The digest of a file, read piece by piece.
  /// - Throws: ``ImageFileError`` where the file cannot be read, or changed meanwhile.
  public init(ofFileAt path: String) throws(ImageFileError) {
    let file = try SourceFile(path)
    var context = SHA2_CTX()
    SHA256Init(&context)
    var offset = 0
    while offset < file.size {
      let piece = try file.bytes(at: offset, count: 1 << 20)
      piece.withUnsafeBytes { SHA256Digest.update(&context, $0) }
      offset += piece.count
    }
    try file.requireUnchanged()
    self.init(finishing: &context)
  }

  /// 64 lower-case hexadecimal digits.
  public var description: String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  private init(finishing context: inout SHA2_CTX) {
    var digest = [UInt8](repeating: 0, count: 32)
    SHA256Final(&digest, &context)
    bytes = digest
  }

  private static func update(_ context: inout SHA2_CTX, _ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    SHA256Update(&context, base.assumingMemoryBound(to: UInt8.self), bytes.count)
  }
}

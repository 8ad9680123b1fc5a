import CMessageDigest

/// SHA-256 of bytes that come in pieces, by OpenSSL, which has the CPU's own instructions for it.
struct SHA256: ~Copyable {
  private let context: OpaquePointer

  init() {
    // nil where there is no memory left, and 0 where OpenSSL was configured without any of its algorithms.
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      preconditionFailure("libcrypto gives no SHA-256")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Takes the next piece.
  func update(_ bytes: UnsafeRawBufferPointer) {
    _ = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// The digest of all pieces, hexadecimal.
  consuming func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    _ = EVP_DigestFinal_ex(context, &digest, nil)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

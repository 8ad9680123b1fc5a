/// The first bytes of a NIfTI file, decompressed where the content is gzip.
struct HeaderSource {
  /// Extensions are looked at up to here.
  static let largestPrefix = 64 << 20

  let bytes: [UInt8]
  let isCompressed: Bool
  let findings: [Finding]

  init(_ file: borrowing SourceFile) throws(ImageFileError) {
    let name = file.path
    let stored = try file.bytes(at: 0, count: 1024)
    let isCompressed = Gzip.isGzip(stored)
    let start = isCompressed ? try Gzip.prefix(of: file, count: 1024) : stored
    if stored.isEmpty { throw .refused(name, "nifti.short-header", HeaderSource.empty) }
    let isNamedCompressed = name.lowercased().hasSuffix(".gz")
    if RawNIfTIHeader.claim(start) == nil {
      if let foreign = FormatSniffer.foreign(start, path: name) { throw .refused(path: name, foreign) }
      switch FormatSniffer.readable(start) {
      case .png: throw .refused(name, "format.png", "a PNG picture, where a NIfTI image is expected.")
      case .jpeg: throw .refused(name, "format.jpeg", "a JPEG picture, where a NIfTI image is expected.")
      case nil: break
      }
      if isNamedCompressed, !isCompressed {
        let beginning = stored.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        throw .refused(
          name, "gzip.not-gzip",
          "not gzip and not NIfTI: begins with \(beginning.joined(separator: " ")). A Git LFS pointer? Run: git lfs pull"
        )
      }
    }
    if isCompressed, start.count < RawNIfTIHeader.sizeOfVersion1 {
      let whole = try file.bytes(at: 0, count: min(file.size, 1 << 20))
      var room = [UInt8](repeating: 0, count: 1024)
      let outcome = whole.withUnsafeBytes { source in
        room.withUnsafeMutableBytes { Gzip.examine(source, into: $0) }
      }
      if let refusal = VoxelSource.refusal(for: outcome, path: name, expected: nil) { throw refusal }
    }
    bytes = start
    self.isCompressed = isCompressed
    findings =
      isNamedCompressed == isCompressed
      ? []
      : [
        Finding(
          .warning, "gzip.name",
          isCompressed
            ? "the content is gzip, the name does not end in .gz; read by its content."
            : "the name ends in .gz, the content is not compressed; read by its content.")
      ]
  }

  /// The first `count` bytes, decompressed; fewer where there are fewer.
  func bytes(of file: borrowing SourceFile, count: Int) throws(ImageFileError) -> [UInt8] {
    isCompressed ? try Gzip.prefix(of: file, count: count) : try file.bytes(at: 0, count: count)
  }

  private static let empty =
    "the file is empty: too short for a NIfTI header (0 of 348 bytes). Copy it again."
}

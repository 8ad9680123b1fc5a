import Files

/// The chunks of a PNG file (ISO/IEC 15948), walked before libpng sees them.
struct PNGChunks {
  var width = 0
  var height = 0
  var bitDepth = 0
  var colorType = 0
  /// Signature and critical chunks: what the stored pixel values are made of.
  ///
  /// libpng's simplified API applies gAMA, cHRM, sRGB and iCCP to the values and blends by tRNS. A reader of
  /// measurements wants the values as stored, so libpng does not get to see those chunks.
  private(set) var essential: [UInt8] = []
  private(set) var findings: [Finding] = []

  init(_ bytes: [UInt8], path: String) throws(ImageFileError) {
    essential.reserveCapacity(bytes.count)
    essential += bytes.prefix(8)
    var offset = 8
    var isEnded = false
    while offset < bytes.count, !isEnded {
      guard offset + 12 <= bytes.count else { throw PNGChunks.truncated(path) }
      let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= Int(Int32.max) else {
        throw .refused(path, "png.damaged", "a chunk claims \(grouped(length)) bytes. Copy the file again.")
      }
      guard offset + 12 + length <= bytes.count else { throw PNGChunks.truncated(path) }
      let name = String(decoding: bytes[offset + 4..<offset + 8], as: UTF8.self)
      let isFirst = offset == 8
      guard isFirst == (name == "IHDR"), !isFirst || length == 13 else {
        throw .refused(path, "png.damaged", "the file does not begin with one header chunk. Copy it again.")
      }
      if isFirst { readHeader(bytes[offset + 8..<offset + 21]) }
      if name == "acTL" {
        findings.append(Finding(.warning, "png.animated", "an animated PNG; its default picture is read."))
      }
      if name == "tRNS" {
        findings.append(
          Finding(.note, "png.alpha-ignored", "transparent colours are read as the colours they are."))
      }
      // Bit 5 of the first letter is 0 in critical chunks.
      if bytes[offset + 4] & 0x20 == 0 { essential += bytes[offset..<offset + 12 + length] }
      isEnded = name == "IEND"
      offset += 12 + length
    }
    guard isEnded else { throw PNGChunks.truncated(path) }
    if offset < bytes.count {
      findings.append(
        Finding(
          .warning, "png.trailing-data",
          "\(grouped(bytes.count - offset)) bytes after the picture are ignored."))
    }
  }

  private mutating func readHeader(_ header: ArraySlice<UInt8>) {
    let bytes = Array(header)
    width = bytes[0..<4].reduce(0) { $0 << 8 | Int($1) }
    height = bytes[4..<8].reduce(0) { $0 << 8 | Int($1) }
    bitDepth = Int(bytes[8])
    colorType = Int(bytes[9])
  }

  private static func truncated(_ path: String) -> ImageFileError {
    .refused(path, "png.truncated", "the file ends in the middle of the picture. Copy it again.")
  }
}

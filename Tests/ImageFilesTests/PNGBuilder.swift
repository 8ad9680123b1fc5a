import CDeflate

/// Builds PNG files chunk by chunk, independent of libpng, so that a test can make any of them wrong.
struct PNGBuilder {
  var width: Int
  var height: Int
  var bitDepth: Int
  /// 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and alpha.
  var colorType: Int
  var isInterlaced = false
  /// One number a sample, row by row.
  var samples: [Int]
  /// Chunks between header and data.
  var extra: [(name: String, data: [UInt8])] = []

  private var channels: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 1 }

  var file: [UInt8] {
    let header =
      be32(width) + be32(height) + [UInt8(bitDepth), UInt8(colorType), 0, 0, isInterlaced ? 1 : 0]
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    bytes += Self.chunk("IHDR", header)
    for (name, data) in extra { bytes += Self.chunk(name, data) }
    return bytes + Self.chunk("IDAT", Self.deflate(scanlines)) + Self.chunk("IEND", [])
  }

  /// The rows with filter byte 0: all of them, or those of the seven passes of Adam7.
  private var scanlines: [UInt8] {
    let passes =
      isInterlaced
      ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
      : [(0, 0, 1, 1)]
    var bytes: [UInt8] = []
    for (x0, y0, dx, dy) in passes where x0 < width && y0 < height {
      for y in stride(from: y0, to: height, by: dy) {
        var row: [Int] = []
        for x in stride(from: x0, to: width, by: dx) {
          row += samples[(x + width * y) * channels..<(x + width * y + 1) * channels]
        }
        bytes += [0] + packed(row)
      }
    }
    return bytes
  }

  private func packed(_ row: [Int]) -> [UInt8] {
    if bitDepth == 16 { return row.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } }
    var bytes: [UInt8] = []
    var free = 0
    for sample in row {
      if free == 0 {
        bytes.append(0)
        free = 8
      }
      free -= bitDepth
      bytes[bytes.count - 1] |= UInt8(sample << free)
    }
    return bytes
  }

  static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return be32(data.count) + body + be32(Int(libdeflate_crc32(0, body, body.count)))
  }

  static func deflate(_ bytes: [UInt8]) -> [UInt8] {
    guard let compressor = libdeflate_alloc_compressor(6) else { return [] }
    defer { libdeflate_free_compressor(compressor) }
    let bound = libdeflate_zlib_compress_bound(compressor, bytes.count)
    return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      count = libdeflate_zlib_compress(compressor, bytes, bytes.count, buffer.baseAddress, bound)
    }
  }

  private func be32(_ value: Int) -> [UInt8] { Self.be32(value) }
  static func be32(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 255) } }
}

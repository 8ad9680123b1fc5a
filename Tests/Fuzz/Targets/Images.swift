import CDeflate
import Foundation
import ImageFiles

private let limits = ImageFileLimits(voxelBytes: 1 << 24, pixels: 1 << 20)

/// The audit of a header alone, without a file.
@Sendable func readHeader(_ bytes: [UInt8]) {
  guard let (header, _) = try? HeaderAudit.header(of: "x.nii", bytes: bytes) else { return }
  require(
    (1...7).contains(header.shape.count) && header.shape.allSatisfy { $0 >= 1 }, "shape \(header.shape)")
  require(
    header.affine.determinant.isFinite && abs(header.affine.determinant) > 0, "a singular affine passed")
  _ = ExtensionAudit.findings(bytes.dropFirst(header.voxelOffset % 1024), isBigEndian: header.isBigEndian)
}

/// A whole file: what the audit accepts is read or refused, within the limits.
@Sendable func readNIfTI(_ bytes: [UInt8]) {
  withFile(bytes, "nii") { path in
    guard let file = try? NIfTIFile(path: path, limits: limits) else { return }
    require(
      file.header.voxelByteCount <= limits.voxelBytes, "\(file.header.voxelByteCount) bytes within the limit")
    if let image = try? file.readVolume() {
      require(image.volume.voxels.count == image.volume.shape.count, "as many voxels as the shape says")
      require(image.volume.voxels.allSatisfy(\.isFinite), "finite voxels")
    }
    _ = try? file.readLabels()
    _ = try? file.readMask(.anyLabel)
  }
}

/// The same, compressed: what lies behind a checksum that damage would hardly ever get past.
@Sendable func readCompressedNIfTI(_ bytes: [UInt8]) {
  guard let compressor = libdeflate_alloc_compressor(1) else { return }
  defer { libdeflate_free_compressor(compressor) }
  var stream = [UInt8](repeating: 0, count: libdeflate_gzip_compress_bound(compressor, bytes.count))
  let count = libdeflate_gzip_compress(compressor, bytes, bytes.count, &stream, stream.count)
  withFile(Array(stream.prefix(count)), "nii.gz") { path in
    guard let image = try? NIfTIFile(path: path, limits: limits).readVolume() else { return }
    require(image.volume.voxels.count == image.volume.shape.count, "as many voxels as the shape says")
  }
}

/// A gzip stream into a buffer of the size its reader expects.
@Sendable func readGzip(_ bytes: [UInt8]) {
  var output = [UInt8](repeating: 0, count: 1 << 16)
  bytes.withUnsafeBytes { input in
    output.withUnsafeMutableBytes { output in
      _ = Gzip.decompress(input, into: output)
      _ = Gzip.examine(input, into: output)
    }
  }
}

/// A picture as it is, and again with the checksums of its chunks put right: damage alone would hardly ever get past them.
@Sendable func readPNG(_ bytes: [UInt8]) {
  for bytes in [bytes, withChecksums(bytes)] {
    guard let image = try? PNGDecoder.decode(bytes, path: "x.png", limits: limits) else { continue }
    require(image.rgb.width * image.rgb.height <= limits.pixels, "a picture within the limit")
  }
}

private func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
  var bytes = bytes
  var offset = 8
  while offset + 12 <= bytes.count {
    let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - offset - 12 else { break }
    let sum = bytes[(offset + 4)..<(offset + 8 + length)].withUnsafeBytes {
      libdeflate_crc32(0, $0.baseAddress, $0.count)
    }
    for i in 0..<4 { bytes[offset + 8 + length + i] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(i))) }
    offset += 12 + length
  }
  return bytes
}

@Sendable func readJPEG(_ bytes: [UInt8]) {
  guard let image = try? JPEGDecoder.decode(bytes, path: "x.jpg", limits: limits) else { return }
  require(image.rgb.width * image.rgb.height <= limits.pixels, "a picture within the limit")
}

/// A file in memory with these bytes.
func withFile(_ bytes: [UInt8], _ ending: String, _ body: (String) -> Void) {
  let path = "/dev/shm/malpighi-fuzz-\(getpid()).\(ending)"
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  guard descriptor >= 0 else { return }
  _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
  close(descriptor)
  body(path)
}

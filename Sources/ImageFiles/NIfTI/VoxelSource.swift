import Files
import Numerics

/// The stored voxel bytes of one NIfTI file.
struct VoxelSource: ~Copyable {
  private let nifti: NIfTIFile
  private let file: SourceFile

  /// Opens the file with the voxels; refuses one that changed since the header was read.
  init(_ nifti: NIfTIFile) throws(ImageFileError) {
    let file = try SourceFile(nifti.voxelPath)
    try file.requireUnchanged(since: nifti.identity)
    self.nifti = nifti
    self.file = file
  }

  /// The bytes of the stream before the first voxel: a compressed file has to be read from its start.
  var prefixBytes: Int { nifti.isCompressed ? nifti.header.voxelOffset : 0 }

  /// Whether a part of the voxels can be read alone.
  var isSeekable: Bool { !nifti.isCompressed }

  /// Fills `buffer` with `prefixBytes` bytes and the stored voxels from `firstByte` on.
  /// - Returns: What was noticed in the stream.
  borrowing func read(
    into buffer: UnsafeMutableRawBufferPointer, firstByte: Int = 0
  ) throws(ImageFileError) -> [Finding] {
    guard nifti.isCompressed else {
      try file.read(at: nifti.header.voxelOffset + firstByte, into: buffer)
      try file.requireUnchanged()
      return trailing(file.size - nifti.header.voxelOffset - nifti.header.voxelByteCount, beyond: false)
    }
    let compressed = UnsafeMutableRawBufferPointer.allocate(byteCount: file.size, alignment: 64)
    defer { compressed.deallocate() }
    adviseLargePages(compressed)
    try file.read(at: 0, into: compressed)
    try file.requireUnchanged()
    let outcome = Gzip.decompress(UnsafeRawBufferPointer(compressed), into: buffer)
    if let refusal = VoxelSource.refusal(for: outcome, path: nifti.voxelPath, expected: buffer.count) {
      throw refusal
    }
    guard case .complete(_, let excess, let garbage) = outcome else { return [] }
    return trailing(excess, beyond: false) + trailing(garbage, beyond: true)
  }

  private func trailing(_ count: Int, beyond stream: Bool) -> [Finding] {
    guard count > 0 else { return [] }
    return [
      stream
        ? Finding(
          .warning, "gzip.trailing-garbage", "\(grouped(count)) bytes after the gzip stream are ignored.")
        : Finding(
          .warning, "nifti.trailing-data", "\(grouped(count)) bytes after the last voxel are ignored.")
    ]
  }

  /// The error that a decompression's end means, or nil where all `expected` bytes arrived.
  static func refusal(for outcome: Gzip.Outcome, path: String, expected: Int?) -> ImageFileError? {
    func counted(_ written: Int) -> String {
      expected.map { " (\(grouped(written)) of \(grouped($0)) bytes)" } ?? ""
    }
    switch outcome {
    case .complete(let written, _, _):
      guard let expected, written < expected else { return nil }
      return .refused(
        path, "nifti.truncated", "the data end early\(counted(written)). Make or copy the file again.")
    case .truncated(let written):
      return .refused(
        path, "gzip.truncated", "compressed stream ends early\(counted(written)). Copy the file again.")
    case .checksum:
      return .refused(path, "gzip.checksum", "checksum mismatch, the file is damaged. Copy the file again.")
    case .damaged(let words):
      return .refused(
        path, "gzip.damaged", "the compressed stream is damaged (\(words)). Copy the file again.")
    case .tooLong:
      return .refused(
        path, "nifti.too-much-data",
        "the file holds more data than its header promises\(expected.map { " (\(grouped($0)) bytes)" } ?? ""). The "
          + "header does not belong to it.")
    }
  }
}

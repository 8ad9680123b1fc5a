import Files
import Imaging

/// Writes volumes as NIfTI files: complete or not at all, the same bytes for the same volume.
///
/// A name ending in `.nii.gz` is compressed, `.nii` is not. The header has sform and qform equal with one code,
/// the voxel size as the lengths of the affine's columns, slope 1, no date and no text but the program's name.
/// NIfTI-1 unless an axis is longer than 32767 voxels.
public struct NIfTIWriter: Sendable {
  /// The input whose world space the output shares: its code is kept. Without one the code is 2 (aligned).
  public var like: NIfTIHeader?
  /// The effort of gzip: 1 (fast) to 6 (small).
  public var compressionLevel: Int
  /// The values a viewer shows as black and white; unset, viewers choose.
  public var displayRange: ClosedRange<Double>?

  /// A writer.
  public init(
    like: NIfTIHeader? = nil, compressionLevel: Int = 1, displayRange: ClosedRange<Double>? = nil
  ) {
    precondition((1...6).contains(compressionLevel), "gzip levels are 1 to 6")
    self.like = like
    self.compressionLevel = compressionLevel
    self.displayRange = displayRange
  }

  /// Writes an image in its own number type.
  /// - Returns: Findings about the output, such as a sheared affine that only the sform can hold.
  /// - Throws: ``ImageFileError/cannotCreate(path:errno:reason:)``,
  ///   ``ImageFileError/cannotWrite(path:errno:reason:)``, or a refusal of a singular affine.
  @discardableResult
  public func write<Scalar: NIfTIScalar>(
    _ volume: Volume<Scalar>, to path: String
  ) throws(ImageFileError) -> [Finding] {
    try write(volume, to: path, intent: 0, range: displayRange)
  }

  /// Writes a mask as uint8 with the intent "label".
  @discardableResult
  public func write(mask: Mask, to path: String) throws(ImageFileError) -> [Finding] {
    try write(mask, to: path, intent: 1002, range: 0...1)
  }

  /// Writes labels in the smallest integer type that holds them (uint8, int16, uint16, int32) with the intent
  /// "label".
  @discardableResult
  public func write(labels: LabelMap, to path: String) throws(ImageFileError) -> [Finding] {
    var (least, most) = (Int32.max, Int32.min)
    for label in labels.voxels {
      least = min(least, label)
      most = max(most, label)
    }
    if labels.voxels.isEmpty { (least, most) = (0, 0) }
    let range = Double(least)...Double(most)
    if least >= 0, most <= 255 {
      return try write(labels.map { UInt8($0) }, to: path, intent: 1002, range: range)
    }
    if least >= -32768, most <= 32767 {
      return try write(labels.map { Int16($0) }, to: path, intent: 1002, range: range)
    }
    if least >= 0, most <= 65535 {
      return try write(labels.map { UInt16($0) }, to: path, intent: 1002, range: range)
    }
    return try write(labels, to: path, intent: 1002, range: range)
  }

  private func write<Scalar: NIfTIScalar>(
    _ volume: Volume<Scalar>, to path: String, intent: Int, range: ClosedRange<Double>?
  ) throws(ImageFileError) -> [Finding] {
    let isCompressed = path.lowercased().hasSuffix(".nii.gz")
    guard isCompressed || path.lowercased().hasSuffix(".nii") else {
      throw .cannotCreate(
        path: path, errno: 22, reason: "the name of a NIfTI output must end in .nii or .nii.gz.")
    }
    let code = like.map { $0.xformCode > 0 ? $0.xformCode : 2 } ?? 2
    let header = try OutputHeader(
      path: path, grid: volume.grid, datatype: Scalar.nifti, intent: intent, range: range, code: code)
    var outcome: Result<Void, FileWritingError> = .success(())
    volume.withVoxels { voxels in
      outcome = Result { () throws(FileWritingError) in
        let body = UnsafeRawBufferPointer(voxels)
        if isCompressed {
          try writeCompressed(header.bytes, body, to: path)
        } else {
          var file = try AtomicFile(at: path, expectedBytes: header.bytes.count + body.count)
          try file.write(header.bytes)
          try file.write(body)
          try file.commit()
        }
      }
    }
    try outcome.mapError(ImageFileError.init).get()
    return header.findings
  }

  /// One gzip member for what most programs see in one piece; above 512 MiB members of 256 MiB each, so that
  /// memory stays bounded. (Some readers in browsers stop after the first member.)
  private func writeCompressed(
    _ header: [UInt8], _ body: UnsafeRawBufferPointer, to path: String
  ) throws(FileWritingError) {
    let piece = header.count + body.count <= 512 << 20 ? body.count : 256 << 20
    var file = try AtomicFile(at: path)
    let member = UnsafeMutableRawBufferPointer.allocate(byteCount: header.count + piece, alignment: 64)
    defer { member.deallocate() }
    var offset = 0
    repeat {
      let start = offset == 0 ? header.count : 0
      let count = min(piece, body.count - offset)
      if offset == 0 { member.copyBytes(from: header) }
      UnsafeMutableRawBufferPointer(rebasing: member[start...]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: body[offset..<offset + count]))
      let data = UnsafeRawBufferPointer(rebasing: member[..<(start + count)])
      guard let compressed = Gzip.compress(data, level: compressionLevel) else {
        throw .cannotWrite(path: path, errno: 12, reason: "out of memory while compressing.")
      }
      try file.write(compressed)
      offset += count
    } while offset < body.count
    try file.commit()
  }
}

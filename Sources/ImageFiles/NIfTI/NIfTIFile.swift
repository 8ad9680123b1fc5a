import Files
import Imaging

/// A NIfTI-1 or NIfTI-2 file (`.nii`, `.nii.gz`, `.hdr` with `.img`) whose header has passed the audit.
///
/// Opening reads the header alone. Whether a file is compressed, its byte order and its version are seen from
/// the content, not from the name. The voxels are read by ``readVolume(at:)``, ``readLabels(at:)`` and
/// ``readMask(_:at:)``; a file that changed since it was opened is refused then.
public struct NIfTIFile: Sendable {
  /// The file with the header.
  public let path: String
  /// What the header says.
  public let header: NIfTIHeader
  /// What the audit of the header noticed.
  public let findings: [Finding]
  let limits: ImageFileLimits
  /// The file with the voxels; the same as `path` unless the file is a pair.
  let voxelPath: String
  let isCompressed: Bool
  let identity: SourceFile.Identity

  /// Opens and audits a file.
  /// - Parameters:
  ///   - path: Any of the names a NIfTI image has; of a pair, either file.
  ///   - limits: How large the image may be.
  /// - Throws: ``ImageFileError``: no such file, not NIfTI (named where recognised), damaged, or too large.
  public init(path: String, limits: ImageFileLimits = .standard) throws(ImageFileError) {
    let headerPath = try NIfTIPair.headerPath(for: path)
    let file = try SourceFile(headerPath)
    let start = try HeaderSource(file)
    var (header, findings) = try HeaderAudit.header(of: headerPath, bytes: start.bytes)
    findings = start.findings + findings
    self.path = headerPath
    self.limits = limits
    if header.isPair {
      voxelPath = try NIfTIPair.imagePath(for: headerPath)
      let voxels = try SourceFile(voxelPath)
      isCompressed = Gzip.isGzip(try voxels.bytes(at: 0, count: 2))
      identity = voxels.identity
      let size = start.isCompressed ? Gzip.largestContent(of: file.size) : file.size
      let extensions = try start.bytes(of: file, count: min(size, HeaderSource.largestPrefix))
      findings += ExtensionAudit.findings(
        extensions.dropFirst(header.headerSize), isBigEndian: header.isBigEndian)
      try NIfTIFile.requireRoom(header, voxels.size, isCompressed, path: voxelPath, limits)
    } else {
      voxelPath = headerPath
      isCompressed = start.isCompressed
      identity = file.identity
      try NIfTIFile.requireRoom(header, file.size, isCompressed, path: headerPath, limits)
      if header.voxelOffset > header.headerSize + 4 {
        let extensions = try start.bytes(of: file, count: min(header.voxelOffset, HeaderSource.largestPrefix))
        findings += ExtensionAudit.findings(
          extensions.dropFirst(header.headerSize), isBigEndian: header.isBigEndian)
      }
    }
    try file.requireUnchanged()
    self.header = header
    self.findings = findings
  }

  /// Shape and affine of the first three axes.
  public var grid: VoxelGrid { header.grid }

  /// Refuses voxels that the file cannot hold, or that are more than the limit, before memory is taken.
  private static func requireRoom(
    _ header: NIfTIHeader, _ fileSize: Int, _ isCompressed: Bool, path: String, _ limits: ImageFileLimits
  ) throws(ImageFileError) {
    let bytes = header.voxelByteCount
    let available = (isCompressed ? Gzip.largestContent(of: fileSize) : fileSize) - header.voxelOffset
    if bytes > available {
      let found =
        isCompressed
        ? "\(humanBytes(fileSize)) of compressed data cannot hold them"
        : available < 0
          ? "vox_offset \(header.voxelOffset) lies behind the end of the file (\(grouped(fileSize)) bytes)"
          : bytes < 1 << 40
            ? "the file ends after \(grouped(available))" : "the file has \(humanBytes(available))"
      let claim = bytes < 1 << 40 ? "\(grouped(bytes)) voxel bytes expected" : "claims \(humanBytes(bytes))"
      throw .refused(path, "nifti.truncated", "\(claim), \(found). Copy the file again.")
    }
    // The whole compressed stream is held in memory; no writer makes it twice as large as its content.
    let isTooMuch =
      isCompressed
      ? fileSize - (64 << 20) > 2 * (header.voxelOffset + bytes) : available - bytes > Gzip.toleratedExcess
    if isTooMuch {
      throw .refused(
        path, "nifti.too-much-data",
        "\(grouped(isCompressed ? fileSize : available)) bytes of voxels where the header promises \(grouped(bytes)). The header does not belong to "
          + "the file.")
    }
    // A voxel is delivered as four bytes.
    let delivered = max(bytes, bytes / header.datatype.byteCount * 4)
    guard delivered <= limits.voxelBytes else {
      throw .refused(
        path, "nifti.too-large",
        "\(humanBytes(delivered)) of voxels are more than the limit of \(humanBytes(limits.voxelBytes)). Crop the image "
          + "or raise the limit.")
    }
  }
}

extension NIfTIHeader {
  /// 348 or 540 bytes.
  var headerSize: Int {
    version == .one ? RawNIfTIHeader.sizeOfVersion1 : RawNIfTIHeader.sizeOfVersion2
  }
}

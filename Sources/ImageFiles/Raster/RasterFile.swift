import Files
import Imaging

/// Reads PNG and JPEG files, told apart by their content.
public enum RasterFile {
  /// Reads a picture.
  ///
  /// Pixel values come back as stored: colour profiles and gamma are not applied, an alpha channel is dropped
  /// (with a finding where it is not opaque everywhere).
  /// - Throws: ``ImageFileError``: not a picture (named where recognised), damaged, or too large.
  public static func read(
    path: String, limits: ImageFileLimits = .standard
  ) throws(ImageFileError) -> RasterImage {
    let file = try SourceFile(path)
    let start = try file.bytes(at: 0, count: 1024)
    guard let format = FormatSniffer.readable(start) else { throw foreign(start, path) }
    // A picture is not stored in much more than its pixels take.
    let limit = 8 * limits.pixels + (64 << 20)
    guard file.size <= limit else {
      throw .refused(
        path, "raster.too-large",
        "\(humanBytes(file.size)) is more than any picture within the limit of "
          + "\(grouped(limits.pixels)) pixels takes.")
    }
    let bytes = try file.bytes(at: 0, count: file.size)
    try file.requireUnchanged()
    switch format {
    case .png: return try PNGDecoder.decode(bytes, path: path, limits: limits)
    case .jpeg: return try JPEGDecoder.decode(bytes, path: path, limits: limits)
    }
  }

  static func foreign(_ start: [UInt8], _ path: String) -> ImageFileError {
    if start.isEmpty { return .refused(path, "raster.empty", "the file is empty. Copy it again.") }
    if let finding = FormatSniffer.foreign(start, path: path) { return .refused(path: path, finding) }
    if Gzip.isGzip(start) || RawNIfTIHeader.claim(start) != nil {
      return .refused(path, "format.nifti", "not a PNG or JPEG picture; it looks like a NIfTI image.")
    }
    return .refused(path, "raster.unknown", "neither a PNG nor a JPEG file, by its first bytes.")
  }

  /// Refuses a picture of no or too many pixels.
  static func requireSize(
    _ width: Int, _ height: Int, path: String, limits: ImageFileLimits
  ) throws(ImageFileError) {
    guard width > 0, height > 0 else {
      throw .refused(path, "raster.empty", "the picture has \(width)×\(height) pixels.")
    }
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, pixels <= limits.pixels else {
      throw .refused(
        path, "raster.too-large",
        "\(grouped(width))×\(grouped(height)) pixels are more than the limit of \(grouped(limits.pixels)). Scale it down "
          + "or raise the limit.")
    }
  }
}

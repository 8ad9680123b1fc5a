import CTurboJPEG
import Imaging

/// JPEG to pixels through TurboJPEG, which reports errors by codes.
package enum JPEGDecoder {
  /// The picture in `bytes`; `path` is for messages.
  package static func decode(
    _ bytes: [UInt8], path: String, limits: ImageFileLimits
  ) throws(ImageFileError) -> RasterImage {
    func damage(_ words: String) -> ImageFileError {
      .refused(path, "jpeg.damaged", "the picture is damaged (\(words)). Copy the file again.")
    }
    guard let decoder = tjInitDecompress() else {
      throw .refused(path, "jpeg.damaged", "the decoder cannot start: out of memory.")
    }
    defer { tjDestroy(decoder) }
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var colorSpace: Int32 = 0
    guard
      tjDecompressHeader3(
        decoder, bytes, UInt(bytes.count), &width, &height, &subsampling, &colorSpace) == 0
    else { throw damage(message(decoder)) }
    try RasterFile.requireSize(Int(width), Int(height), path: path, limits: limits)
    guard colorSpace != TJCS_CMYK.rawValue, colorSpace != TJCS_YCCK.rawValue else {
      throw .refused(
        path, "jpeg.cmyk",
        "a CMYK picture for printing. Convert it with ImageMagick: convert \"\(path)\" -colorspace sRGB image.png"
      )
    }
    let isGray = colorSpace == TJCS_GRAY.rawValue
    var findings: [Finding] = []
    var samples = [UInt8](repeating: 0, count: Int(width) * Int(height) * (isGray ? 1 : 3))
    // The accurate inverse transform and up-sampling are the defaults; limited scans stop a bomb of thousands of
    // progressive passes.
    let status = tjDecompress2(
      decoder, bytes, UInt(bytes.count), &samples, width, 0, height,
      isGray ? Int32(TJPF_GRAY.rawValue) : Int32(TJPF_RGB.rawValue),
      Int32(TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS))
    if status != 0 {
      let words = message(decoder)
      // Bytes between markers are written by some cameras and change no pixel; every other warning may.
      guard tjGetErrorCode(decoder) == Int32(TJERR_WARNING.rawValue), words.contains("extraneous bytes")
      else {
        throw words.contains("Premature end")
          ? .refused(path, "jpeg.truncated", "the file ends in the middle of the picture. Copy it again.")
          : damage(words)
      }
      findings.append(
        Finding(.warning, "jpeg.extraneous", "bytes between the parts of the file are ignored."))
    }
    let pixels: RasterImage.Pixels =
      isGray
      ? .gray8(Plane(width: Int(width), height: Int(height), pixels: samples))
      : .rgb(RGBImage(width: Int(width), height: Int(height), samples: samples))
    return RasterImage(pixels: pixels, format: "JPEG", findings: findings)
  }

  private static func message(_ decoder: tjhandle) -> String {
    tjGetErrorStr2(decoder).map { String(cString: $0) } ?? "unknown"
  }
}

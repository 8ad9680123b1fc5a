import CPNG
import Imaging

/// PNG to pixels through libpng's simplified API, which reports errors without longjmp.
package enum PNGDecoder {
  /// The picture in `bytes`; `path` is for messages.
  package static func decode(
    _ bytes: [UInt8], path: String, limits: ImageFileLimits
  ) throws(ImageFileError) -> RasterImage {
    let chunks = try PNGChunks(bytes, path: path)
    try RasterFile.requireSize(chunks.width, chunks.height, path: path, limits: limits)
    let isColor = chunks.colorType & 2 != 0
    let hasAlpha = chunks.colorType & 4 != 0
    let (width, height) = (chunks.width, chunks.height)
    let channels = (isColor ? 3 : 1) + (hasAlpha ? 1 : 0)
    var findings = chunks.findings
    let pixels: RasterImage.Pixels
    if chunks.bitDepth == 16, !isColor {
      var samples = [UInt16](repeating: 0, count: width * height * channels)
      let format = PNG_FORMAT_FLAG_LINEAR | (hasAlpha ? PNG_FORMAT_FLAG_ALPHA : 0)
      findings += try read(chunks, format, path: path, into: &samples)
      if hasAlpha {
        // The 16-bit formats of libpng come multiplied by alpha; the stored values cannot be had back.
        guard stride(from: 1, to: samples.count, by: 2).allSatisfy({ samples[$0] == .max }) else {
          throw .refused(
            path, "png.alpha",
            "a 16-bit grey picture that is transparent in places. Remove its alpha channel.")
        }
        samples = stride(from: 0, to: samples.count, by: 2).map { samples[$0] }
      }
      pixels = .gray16(Plane(width: width, height: height, pixels: samples))
    } else {
      var samples = [UInt8](repeating: 0, count: width * height * channels)
      let format = (isColor ? PNG_FORMAT_FLAG_COLOR : 0) | (hasAlpha ? PNG_FORMAT_FLAG_ALPHA : 0)
      findings += try read(chunks, format, path: path, into: &samples)
      if hasAlpha {
        if !stride(from: channels - 1, to: samples.count, by: channels).allSatisfy({ samples[$0] == 255 }) {
          findings.append(
            Finding(.note, "png.alpha-ignored", "transparent pixels are read as the colours they are."))
        }
        samples = withoutAlpha(samples, channels)
      }
      pixels =
        isColor
        ? .rgb(RGBImage(width: width, height: height, samples: samples))
        : .gray8(Plane(width: width, height: height, pixels: samples))
    }
    return RasterImage(pixels: pixels, format: "PNG", findings: findings)
  }

  /// Decodes into `samples`, which must have the size that `format` needs; returns libpng's warning, if any.
  private static func read<Sample: BitwiseCopyable>(
    _ chunks: PNGChunks, _ format: UInt32, path: String, into samples: inout [Sample]
  ) throws(ImageFileError) -> [Finding] {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    // libpng reads from the source in both calls, so it stays in place for both.
    let isDone = chunks.essential.withUnsafeBytes { source in
      guard png_image_begin_read_from_memory(&image, source.baseAddress, source.count) != 0,
        Int(image.width) == chunks.width, Int(image.height) == chunks.height
      else { return false }
      image.format = format
      // 16-bit colour counts as already encoded; otherwise libpng would take it for linear light.
      image.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
      if format & PNG_FORMAT_FLAG_LINEAR != 0 { image.flags &= ~UInt32(PNG_IMAGE_FLAG_16BIT_sRGB) }
      return samples.withUnsafeMutableBytes {
        png_image_finish_read(&image, nil, $0.baseAddress, 0, nil) != 0
      }
    }
    let message = withUnsafeBytes(of: image.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    let status = image.warning_or_error
    png_image_free(&image)
    guard isDone, status & UInt32(PNG_IMAGE_ERROR) == 0 else {
      throw .refused(path, "png.damaged", "the picture is damaged (\(message)). Copy the file again.")
    }
    return status & UInt32(PNG_IMAGE_WARNING) == 0
      ? [] : [Finding(.warning, "png.warning", "libpng says: \(message)")]
  }

  private static func withoutAlpha(_ samples: [UInt8], _ channels: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: samples.count / channels * (channels - 1)) { buffer, initialized in
      for (index, sample) in samples.enumerated() where index % channels != channels - 1 {
        buffer[initialized] = sample
        initialized += 1
      }
    }
  }
}

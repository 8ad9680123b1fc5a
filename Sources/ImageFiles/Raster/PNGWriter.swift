import CPNG
import Files
import Foundation
import Imaging

/// Writes pictures as PNG, complete or not at all, the same bytes for the same pixels.
///
/// No gamma or colour-space chunk besides sRGB for 8 bits is written, so that the values come back as they are.
public struct PNGWriter: Sendable {
  /// A writer.
  public init() {}

  /// Writes a colour picture, 8 bits a channel.
  public func write(_ image: RGBImage, to path: String) throws(ImageFileError) {
    try write(try encode(image), to: path)
  }

  /// Writes a grey picture of 8 bits.
  public func write(_ plane: Plane<UInt8>, to path: String) throws(ImageFileError) {
    try write(try encode(plane), to: path)
  }

  /// Writes a grey picture of 16 bits, such as cell ids.
  public func write(_ plane: Plane<UInt16>, to path: String) throws(ImageFileError) {
    try write(try encode(plane), to: path)
  }

  private func write(_ bytes: [UInt8], to path: String) throws(ImageFileError) {
    do { try AtomicFile.write(bytes, to: path) } catch { throw ImageFileError(error) }
  }

  /// The PNG file of a colour picture, for embedding.
  public func encode(_ image: RGBImage) throws(ImageFileError) -> [UInt8] {
    try encode(image.width, image.height, PNG_FORMAT_FLAG_COLOR, image.samples)
  }

  /// The PNG file of a grey picture of 8 bits.
  public func encode(_ plane: Plane<UInt8>) throws(ImageFileError) -> [UInt8] {
    try encode(plane.width, plane.height, 0, plane.pixels)
  }

  /// The PNG file of a grey picture of 16 bits.
  public func encode(_ plane: Plane<UInt16>) throws(ImageFileError) -> [UInt8] {
    try encode(plane.width, plane.height, PNG_FORMAT_FLAG_LINEAR, plane.pixels)
  }

  private func encode<Sample: BitwiseCopyable>(
    _ width: Int, _ height: Int, _ format: UInt32, _ samples: [Sample]
  ) throws(ImageFileError) -> [UInt8] {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = UInt32(clamping: width)
    image.height = UInt32(clamping: height)
    image.format = format
    defer { png_image_free(&image) }
    // An upper bound for what deflate and the chunks can add, so that one pass is enough.
    let raw = samples.count * MemoryLayout<Sample>.size + height
    var size = png_alloc_size_t(raw + raw / 100 + 4096)
    var isDone = false
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, initialized in
      isDone = samples.withUnsafeBytes {
        png_image_write_to_memory(&image, buffer.baseAddress, &size, 0, $0.baseAddress, 0, nil) != 0
      }
      initialized = isDone ? Int(size) : 0
    }
    guard isDone else {
      let message = withUnsafeBytes(of: image.message) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      throw .refused(
        "PNG", "png.encoding", "a picture of \(width)×\(height) pixels cannot be encoded: \(message)")
    }
    return bytes
  }
}

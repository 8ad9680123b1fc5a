import CTurboJPEG
import Imaging

/// Encodes pictures as JPEG, for reports: small, not exact.
public struct JPEGWriter: Sendable {
  /// 1 (small) to 100 (faithful).
  public let quality: Int

  /// A writer of `quality` 1 to 100.
  public init(quality: Int) {
    precondition((1...100).contains(quality), "JPEG quality is 1 to 100")
    self.quality = quality
  }

  /// The JPEG file of a grey picture.
  public func encode(_ plane: Plane<UInt8>) throws(ImageFileError) -> [UInt8] {
    try encode(plane.width, plane.height, plane.pixels, TJPF_GRAY, TJSAMP_GRAY)
  }

  /// The JPEG file of a colour picture, colour at half the resolution.
  public func encode(_ image: RGBImage) throws(ImageFileError) -> [UInt8] {
    try encode(image.width, image.height, image.samples, TJPF_RGB, TJSAMP_420)
  }

  private func encode(
    _ width: Int, _ height: Int, _ samples: [UInt8], _ format: TJPF, _ subsampling: TJSAMP
  ) throws(ImageFileError) -> [UInt8] {
    guard (1...65500).contains(width), (1...65500).contains(height) else {
      throw .refused(
        "JPEG", "jpeg.encoding", "a side of \(width)×\(height) pixels; at most 65500 each")
    }
    guard let encoder = tjInitCompress() else {
      throw .refused("JPEG", "jpeg.encoding", "the encoder cannot start: out of memory")
    }
    defer { tjDestroy(encoder) }
    var buffer: UnsafeMutablePointer<UInt8>?
    var size: UInt = 0
    defer { tjFree(buffer) }
    let status = tjCompress2(
      encoder, samples, Int32(width), 0, Int32(height), Int32(format.rawValue), &buffer, &size,
      Int32(subsampling.rawValue), Int32(quality), Int32(TJFLAG_ACCURATEDCT))
    guard status == 0, let buffer else {
      let words = tjGetErrorStr2(encoder).map { String(cString: $0) } ?? "unknown"
      throw .refused("JPEG", "jpeg.encoding", "the picture cannot be encoded: \(words)")
    }
    return [UInt8](UnsafeBufferPointer(start: buffer, count: Int(size)))
  }
}

import CTurboJPEG

extension RasterFile {
  /// The width and height of a picture, from its header alone.
  /// - Throws: ``ImageFileError``: not a picture, a damaged header, or too large.
  public static func size(
    path: String, limits: ImageFileLimits = .standard
  ) throws(ImageFileError) -> (width: Int, height: Int) {
    let file = try SourceFile(path)
    // Cameras put previews before the header of a JPEG picture.
    let start = try file.bytes(at: 0, count: min(file.size, 1 << 20))
    guard let format = FormatSniffer.readable(start) else { throw foreign(start, path) }
    var size = (width: 0, height: 0)
    switch format {
    case .png:
      guard start.count >= 24 else {
        throw .refused(path, "png.truncated", "the file ends in the middle of its header. Copy it again.")
      }
      func number(at offset: Int) -> Int { start[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
      size = (number(at: 16), number(at: 20))
    case .jpeg:
      var width: Int32 = 0
      var height: Int32 = 0
      var (subsampling, colorSpace): (Int32, Int32) = (0, 0)
      guard let decoder = tjInitDecompress() else {
        throw .refused(path, "jpeg.damaged", "the decoder cannot start: out of memory.")
      }
      defer { tjDestroy(decoder) }
      guard
        tjDecompressHeader3(
          decoder, start, UInt(start.count), &width, &height, &subsampling, &colorSpace) == 0
      else { throw .refused(path, "jpeg.damaged", "its header cannot be read. Copy the file again.") }
      size = (Int(width), Int(height))
    }
    try requireSize(size.width, size.height, path: path, limits: limits)
    return size
  }
}

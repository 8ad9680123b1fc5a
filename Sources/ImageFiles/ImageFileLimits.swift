/// How large an image may be; checked against the header before any memory is taken.
public struct ImageFileLimits: Hashable, Sendable, Codable {
  /// The most bytes of voxels, as stored or as delivered, whichever is larger.
  public var voxelBytes: Int
  /// The most pixels of a PNG or JPEG.
  public var pixels: Int
  /// The largest share of voxels that may be NaN or infinite (set to 0, with a finding); above it a file is refused.
  public var nonfiniteShare: Double

  /// 8 GiB of voxels, 100 million pixels and 1 % of non-finite voxels unless told otherwise.
  public init(voxelBytes: Int = 8 << 30, pixels: Int = 100_000_000, nonfiniteShare: Double = 0.01) {
    self.voxelBytes = voxelBytes
    self.pixels = pixels
    self.nonfiniteShare = nonfiniteShare
  }

  /// The default limits.
  public static let standard = ImageFileLimits()
}

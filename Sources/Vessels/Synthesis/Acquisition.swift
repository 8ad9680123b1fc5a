/// How the scanner turns brightness into numbers, in the order in which it does.
public struct Acquisition: Codable, Sendable, Equatable {
  /// Steps of brightness between the slabs of a multi-slab acquisition.
  public struct Slabs: Codable, Sendable, Equatable {
    /// The axis across the slabs: 0, 1 or 2.
    public var axis: Int
    /// The thickness of a slab and where the first one ends, in voxels.
    public var period, offset: Float
    /// The step at a border as a fraction of the brightness.
    public var step: Float
  }

  /// A faint copy of the image, shifted along an axis, as motion and pulsation leave it.
  public struct Ghost: Codable, Sendable, Equatable {
    /// The phase-encoding axis: 0, 1 or 2.
    public var axis: Int
    /// The shift in voxels.
    public var shift: Int
    /// The brightness of the copy as a fraction of the image's.
    public var amplitude: Float
  }

  /// Brightness varies by exp(bias · smooth field of unit variance); the size of its waves is in voxels.
  public var bias, biasSize: Float
  /// Slab borders, or nil for a single slab.
  public var slabs: Slabs?
  /// Motion, or nil for none.
  public var ghost: Ghost?
  /// Standard deviation of the point spread along x, y and z, in voxels.
  public var pointSpread: SIMD3<Float>
  /// Brightness is multiplied by this before it is clipped; the brightest vessels are then `gain`.
  public var gain: Float
  /// Standard deviation of the noise in each of the two channels, the brightest vessels being `gain`.
  public var noise: Float
  /// Blur of the noise in voxels; 0 for white noise.
  public var noiseCorrelation: Float
  /// Whether values above 1 are clipped, as scanners do that write 8 or 12 bits.
  public var isClipped: Bool
  /// The exponent of the display curve, applied after clipping.
  public var gamma: Float
  /// Whether the values are rounded to 256 levels.
  public var isEightBit: Bool
}

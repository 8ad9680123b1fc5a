/// A short straight piece of vessel: a cone frustum with round ends, in voxel coordinates.
public struct VesselSegment: Sendable, Equatable {
  /// The ends of the centre line, in voxels.
  public var start, end: SIMD3<Float>
  /// The radius at each end, in voxels.
  public var startRadius, endRadius: Float

  /// A piece between two points.
  public init(start: SIMD3<Float>, end: SIMD3<Float>, startRadius: Float, endRadius: Float) {
    self.start = start
    self.end = end
    self.startRadius = startRadius
    self.endRadius = endRadius
  }
}

/// How one vessel tree grows; every number is in voxels or a ratio.
public struct VesselTreeParameters: Codable, Sendable, Equatable {
  /// The radius where the tree begins.
  public var rootRadius: Float
  /// A branch thinner than this does not split again.
  public var stopRadius: Float
  /// Branch length as a multiple of (4 + 3 r), before its own random factor of 0.5 to 1.5.
  public var lengthFactor: Float
  /// Amplitude of the random curvature; a vessel of radius r bends with tortuosity / (1 + 0.35 r).
  public var tortuosity: Float
  /// Relative standard deviation of the radius along a branch.
  public var radiusJitter: Float
  /// The brightness of its blood relative to the brightest vessels.
  public var brightness: Float

  /// A tree of the given numbers.
  public init(
    rootRadius: Float, stopRadius: Float, lengthFactor: Float, tortuosity: Float, radiusJitter: Float,
    brightness: Float
  ) {
    self.rootRadius = rootRadius
    self.stopRadius = stopRadius
    self.lengthFactor = lengthFactor
    self.tortuosity = tortuosity
    self.radiusJitter = radiusJitter
    self.brightness = brightness
  }
}

/// The segments of one tree and the brightness of its blood.
public struct VesselTree: Sendable {
  /// The pieces, parents before children.
  public var segments: [VesselSegment]
  /// The brightness of its blood relative to the brightest vessels.
  public var brightness: Float

  /// A tree of `segments`.
  public init(segments: [VesselSegment] = [], brightness: Float) {
    self.segments = segments
    self.brightness = brightness
  }

  /// The summed length of the centre lines, in voxels.
  public var length: Float {
    segments.reduce(0) { $0 + ($1.end - $1.start).length }
  }
}

extension SIMD3<Float> {
  /// The Euclidean length.
  var length: Float { (self * self).sum().squareRoot() }

  /// The unit vector of this direction; x where the length is zero.
  var normalized: SIMD3<Float> {
    let length = length
    return length > 1e-12 ? self / length : [1, 0, 0]
  }

  /// The scalar product.
  func dot(_ other: SIMD3<Float>) -> Float { (self * other).sum() }

  /// The vector product.
  func cross(_ other: SIMD3<Float>) -> SIMD3<Float> {
    [y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x]
  }

  /// A unit vector at a right angle to this one.
  var anyPerpendicular: SIMD3<Float> {
    let axis: SIMD3<Float> = abs(x) < 0.7 * length ? [1, 0, 0] : [0, 1, 0]
    return cross(axis).normalized
  }
}

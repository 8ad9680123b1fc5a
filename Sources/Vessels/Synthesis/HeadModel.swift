import Imaging

/// A head as layers inside an ellipsoid: scalp, muscle, bone, cerebrospinal fluid, brain; air around it.
public struct HeadModel: Codable, Sendable, Equatable {
  /// The centre of the ellipsoid and its semi-axes, in voxels.
  public var centre, semiAxes: SIMD3<Float>
  /// How far the surface departs from the ellipsoid (standard deviation, voxels).
  public var wobble: Float
  /// Thickness of each layer from outside, in voxels; 0 leaves a layer out.
  public var scalp, muscle, bone, fluid: Float
  /// Brightness of each layer, the brightest vessels being 1.
  public var scalpIntensity, muscleIntensity, boneIntensity, fluidIntensity, airIntensity: Float
  /// Relative standard deviation of the scalp's texture.
  public var scalpTexture: Float

  /// The depth of `point` below the ellipsoid along the ray from its centre, in voxels; negative outside.
  func depth(_ point: SIMD3<Float>) -> Float {
    let offset = point - centre
    let ratio = (offset / semiAxes).length
    return ratio > 1e-3 ? offset.length * (1 / ratio - 1) : semiAxes.min()
  }

  /// The depth at which the brain begins.
  var brainDepth: Float { scalp + muscle + bone + fluid }
}

/// The tissue inside the skull: classes with brightness of their own, each with a fine texture.
public struct TissueModel: Codable, Sendable, Equatable {
  /// The brightness of each class, the brightest vessels being 1.
  public var intensities: [Float]
  /// The size of the regions of one class, in voxels.
  public var regionSize: Float
  /// Relative standard deviation of the texture and its grain, in voxels.
  public var texture, grain: Float
}

/// What looks like a vessel at a glance but is none.
public struct Distractors: Codable, Sendable, Equatable {
  /// An ellipsoid of one brightness.
  public struct Blob: Codable, Sendable, Equatable {
    /// Centre and semi-axes, in voxels.
    public var centre, semiAxes: SIMD3<Float>
    /// Brightness, the brightest vessels being 1.
    public var intensity: Float
  }

  /// A curved bright layer.
  public struct Sheet: Codable, Sendable, Equatable {
    /// A point of the sheet and the direction across it.
    public var centre, normal: SIMD3<Float>
    /// Half the thickness, the extent from the centre and the sag at that extent, in voxels.
    public var halfThickness, extent, sag: Float
    /// Brightness, the brightest vessels being 1.
    public var intensity: Float
  }

  /// Ellipsoids, such as fat, cysts and muscle.
  public var blobs: [Blob] = []
  /// Layers, such as membranes and mucosa.
  public var sheets: [Sheet] = []
  /// Single bright points in a patch of 64³ voxels.
  public var specks: Int = 0
}

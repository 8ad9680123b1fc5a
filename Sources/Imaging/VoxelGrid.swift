/// Where an image lies: its shape and the affine from voxel index to world.
public struct VoxelGrid: Hashable, Sendable, Codable {
  /// The number of voxels along each axis.
  public var shape: VoxelShape
  /// The map from voxel index to world coordinates, mm, RAS+.
  public var affine: Affine

  /// A grid of `shape` placed by `affine`.
  public init(shape: VoxelShape, affine: Affine = .identity) {
    self.shape = shape
    self.affine = affine
  }

  /// The voxel size along each axis, in mm.
  public var spacing: SIMD3<Double> { affine.spacing }

  /// The volume of one voxel, in mm³.
  public var voxelVolume: Double { abs(affine.determinant) }

  /// The anatomical directions of the axes, such as LPS.
  public var axisCodes: AxisCodes { AxisCodes(affine) }
}

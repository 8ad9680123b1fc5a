import Imaging
import Numerics

/// A displacement in voxels for every voxel of a grid: the output at p is taken from the input at p + u(p).
public struct DisplacementField: Sendable, Equatable {
  /// The voxels it is defined on.
  public let shape: VoxelShape
  /// The components along x, y and z, in voxels; voxel order, x fastest.
  public private(set) var x, y, z: [Float]

  /// The field that moves nothing.
  public static func zero(_ shape: VoxelShape) -> DisplacementField {
    let zeros = [Float](repeating: 0, count: shape.count)
    return DisplacementField(shape: shape, x: zeros, y: zeros, z: zeros)
  }

  /// A field of the given components, each with one value a voxel.
  public init(shape: VoxelShape, x: [Float], y: [Float], z: [Float]) {
    precondition(
      x.count == shape.count && y.count == shape.count && z.count == shape.count,
      "a displacement field on \(shape) needs \(shape.count) values a component")
    self.shape = shape
    (self.x, self.y, self.z) = (x, y, z)
  }

  /// The displacement of voxel (i, j, k), in voxels.
  public subscript(i: Int, j: Int, k: Int) -> SIMD3<Float> {
    let voxel = shape.index(i, j, k)
    return [x[voxel], y[voxel], z[voxel]]
  }

  /// The root of the mean square over all voxels and components, in voxels.
  public var rootMeanSquare: Double {
    let sums = [x, y, z].map { $0.reduce(0.0) { $0 + Double($1) * Double($1) } }
    return (sums.reduce(0, +) / Double(3 * shape.count)).squareRoot()
  }

  /// The field after `transform` of each component's values.
  func map(_ transform: ([Float]) -> [Float]) -> DisplacementField {
    DisplacementField(shape: shape, x: transform(x), y: transform(y), z: transform(z))
  }
}

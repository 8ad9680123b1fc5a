/// The number of voxels along the three axes of an image, x fastest in memory.
public struct VoxelShape: Hashable, Sendable, Codable, CustomStringConvertible {
  /// Voxels along the first, second and third axis.
  public var x, y, z: Int

  /// A shape of `x` by `y` by `z` voxels.
  @inlinable public init(_ x: Int, _ y: Int, _ z: Int) {
    self.x = x
    self.y = y
    self.z = z
  }

  /// The number of voxels, `x · y · z`.
  @inlinable public var count: Int { x * y * z }

  /// The extent along `axis` (0, 1 or 2).
  @inlinable public subscript(axis: Int) -> Int {
    get { axis == 0 ? x : axis == 1 ? y : z }
    set {
      switch axis {
      case 0: x = newValue
      case 1: y = newValue
      default: z = newValue
      }
    }
  }

  /// The distance in memory between neighbours along `axis`.
  @inlinable public func stride(_ axis: Int) -> Int { axis == 0 ? 1 : axis == 1 ? x : x * y }

  /// The position of voxel (i, j, k) in memory.
  @inlinable public func index(_ i: Int, _ j: Int, _ k: Int) -> Int { i + x * (j + y * k) }

  /// Whether (i, j, k) lies inside.
  @inlinable public func contains(_ i: Int, _ j: Int, _ k: Int) -> Bool {
    i >= 0 && j >= 0 && k >= 0 && i < x && j < y && k < z
  }

  /// The three extents, x first.
  public var extents: [Int] { [x, y, z] }

  /// Such as `320×320×247`.
  public var description: String { "\(x)×\(y)×\(z)" }
}

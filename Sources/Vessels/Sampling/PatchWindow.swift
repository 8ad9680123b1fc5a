import Imaging

/// A box of voxels of a volume, copied out as a patch and back; where it reaches over the volume's faces, the voxels
/// of the faces are repeated.
public struct PatchWindow: Hashable, Sendable, Codable {
  /// The first voxel along each axis; negative where the window begins outside.
  public var x, y, z: Int
  /// The extent of the window.
  public var shape: VoxelShape

  /// The window of `shape` whose first voxel is (x, y, z).
  public init(x: Int, y: Int, z: Int, shape: VoxelShape) {
    (self.x, self.y, self.z, self.shape) = (x, y, z, shape)
  }

  /// Copy the window's voxels out of `volume` (of `extent`), x fastest.
  public func copy<Scalar>(
    from volume: UnsafePointer<Scalar>, extent: VoxelShape, into patch: UnsafeMutablePointer<Scalar>
  ) {
    let inside = max(0, x)..<max(max(0, x), min(extent.x, x + shape.x))
    for k in 0..<shape.z {
      let sourceSlice = min(max(z + k, 0), extent.z - 1)
      for j in 0..<shape.y {
        let row = volume + extent.index(0, min(max(y + j, 0), extent.y - 1), sourceSlice)
        let target = patch + shape.index(0, j, k)
        if inside.isEmpty {
          (target).update(repeating: row[x < 0 ? 0 : extent.x - 1], count: shape.x)
          continue
        }
        let before = inside.lowerBound - x
        target.update(repeating: row[inside.lowerBound], count: before)
        (target + before).update(from: row + inside.lowerBound, count: inside.count)
        let after = before + inside.count
        (target + after).update(repeating: row[inside.upperBound - 1], count: shape.x - after)
      }
    }
  }

  /// The window's voxels of `volume`, x fastest.
  public func values<Scalar: Sendable>(of volume: Volume<Scalar>) -> [Scalar] {
    [Scalar](unsafeUninitializedCapacity: shape.count) { patch, initialized in
      guard let patch = patch.baseAddress else { return }
      volume.withVoxels { voxels in
        guard let voxels = voxels.baseAddress else { return }
        copy(from: voxels, extent: volume.shape, into: patch)
      }
      initialized = shape.count
    }
  }
}

import Imaging
import Numerics

/// Where the foreground of a label lies, for drawing patches that hold some.
public struct ForegroundIndex: Sendable {
  /// Positions in memory of foreground voxels: all, or an even selection of at most `limit`.
  let positions: [Int32]

  /// The foreground of `label`.
  public init(_ label: Mask, limit: Int = 1 << 20) {
    var found: [Int32] = []
    label.withVoxels { voxels in
      for (index, value) in voxels.enumerated() where value != 0 { found.append(Int32(index)) }
    }
    let step = max(1, (found.count + limit - 1) / limit)
    positions = step == 1 ? found : stride(from: 0, to: found.count, by: step).map { found[$0] }
  }
}

/// Draws patches from volumes: some around a random foreground voxel, the others anywhere.
///
/// One sampler serves every variant of a method, so that a comparison never mixes two causes.
public struct PatchSampler: Codable, Sendable, Equatable {
  /// The extent of a patch.
  public var patch: VoxelShape
  /// The fraction of patches that hold a foreground voxel at a random place; the rest is uniform.
  public var foregroundFraction: Float

  /// A sampler of patches of shape `patch`.
  public init(patch: VoxelShape, foregroundFraction: Float) {
    self.patch = patch
    self.foregroundFraction = foregroundFraction
  }

  /// A window inside a volume of shape `extent`; along an axis where the volume is smaller the window is centred.
  public func draw(
    in extent: VoxelShape, foreground: ForegroundIndex?, using stream: inout RandomStream
  ) -> PatchWindow {
    // Drawn in either case, so that the stream goes on alike.
    let wantsForeground = stream.chance(foregroundFraction)
    let places = [stream.uniform(), stream.uniform(), stream.uniform()]
    let choice = stream.uniformDouble()
    var anchor: [Int]?
    if wantsForeground, let positions = foreground?.positions, !positions.isEmpty {
      let voxel = Int(positions[Int(choice * Double(positions.count))])
      anchor = [voxel % extent.x, voxel / extent.x % extent.y, voxel / (extent.x * extent.y)]
    }
    let first = (0..<3).map { axis -> Int in
      let room = extent[axis] - patch[axis]
      guard room > 0 else { return -((-room) / 2) }
      guard let anchor else { return min(room, Int(places[axis] * Float(room + 1))) }
      return min(room, max(0, anchor[axis] - Int(places[axis] * Float(patch[axis]))))
    }
    return PatchWindow(x: first[0], y: first[1], z: first[2], shape: patch)
  }
}

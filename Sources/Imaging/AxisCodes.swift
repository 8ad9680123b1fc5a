/// The anatomical direction in which each voxel axis grows, such as `RAS` or `LPS`.
///
/// For an oblique grid these are the closest directions, each world axis used once: the largest direction cosine
/// is assigned first, then the largest among the remaining axes, as nibabel's `aff2axcodes` does.
public struct AxisCodes: Hashable, Sendable, CustomStringConvertible {
  /// For each voxel axis the world axis it follows (0 right-left, 1 anterior-posterior, 2 superior-inferior).
  public let worldAxis: [Int]
  /// For each voxel axis whether it grows towards left, posterior or inferior.
  public let isReversed: [Bool]

  /// The codes of the grid that `affine` describes.
  public init(_ affine: Affine) {
    var axes = [0, 1, 2]
    var reversed = [false, false, false]
    let cosines = (0..<3).map { axis -> SIMD3<Double> in
      let column = affine.column(axis)
      let length = (column * column).sum().squareRoot()
      return length > 0 ? column / length : .zero
    }
    var freeVoxel: Set<Int> = [0, 1, 2]
    var freeWorld: Set<Int> = [0, 1, 2]
    while !freeVoxel.isEmpty {
      var best = (voxel: 0, world: 0, cosine: -1.0)
      for voxel in freeVoxel.sorted() {
        for world in freeWorld.sorted() where abs(cosines[voxel][world]) > best.cosine {
          best = (voxel, world, abs(cosines[voxel][world]))
        }
      }
      axes[best.voxel] = best.world
      reversed[best.voxel] = cosines[best.voxel][best.world] < 0
      freeVoxel.remove(best.voxel)
      freeWorld.remove(best.world)
    }
    worldAxis = axes
    isReversed = reversed
  }

  /// Three letters, one a voxel axis, out of R/L, A/P, S/I.
  public var description: String {
    let letters: [[Character]] = [["R", "L"], ["A", "P"], ["S", "I"]]
    return String((0..<3).map { letters[worldAxis[$0]][isReversed[$0] ? 1 : 0] })
  }
}

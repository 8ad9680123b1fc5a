/// The anatomical direction in which each voxel axis grows, such as `RAS` or `LPS`.
///
/// For an oblique grid these are the closest directions, each world axis used once, by the rule of nibabel's
/// `aff2axcodes`: the affine's nearest rotation is taken, and the voxel axes choose in the order of how
/// closely they follow their best world axis.
public struct AxisCodes: Hashable, Sendable, CustomStringConvertible {
  /// For each voxel axis the world axis it follows (0 right-left, 1 anterior-posterior, 2 superior-inferior).
  public let worldAxis: [Int]
  /// For each voxel axis whether it grows towards left, posterior or inferior.
  public let isReversed: [Bool]

  /// The codes of the grid that `affine` describes; of a singular one, those of its columns as they are.
  public init(_ affine: Affine) {
    let directions = affine.nearestRotation ?? affine
    let cosines = (0..<3).map { directions.column($0) }
    func strength(_ axis: Int) -> Double { (cosines[axis] * cosines[axis]).max() }
    var axes = [0, 1, 2]
    var reversed = [false, false, false]
    var free: Set<Int> = [0, 1, 2]
    // The sort of the standard library is stable, as nibabel's is.
    for axis in [0, 1, 2].sorted(by: { strength($0) > strength($1) }) {
      guard let best = free.sorted().max(by: { abs(cosines[axis][$0]) < abs(cosines[axis][$1]) }) else {
        break
      }
      axes[axis] = best
      reversed[axis] = cosines[axis][best] < 0
      free.remove(best)
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

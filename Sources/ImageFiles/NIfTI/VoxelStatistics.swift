/// Smallest, largest and mean value of the finite voxels, in double.
struct VoxelStatistics: Sendable, Equatable {
  var minimum = Double.infinity
  var maximum = -Double.infinity
  var sum = 0.0
  var count = 0
  var nonfinite = 0

  var mean: Double { sum / Double(count - nonfinite) }
  var isEmpty: Bool { count == nonfinite }

  static func + (left: VoxelStatistics, right: VoxelStatistics) -> VoxelStatistics {
    VoxelStatistics(
      minimum: min(left.minimum, right.minimum), maximum: max(left.maximum, right.maximum),
      sum: left.sum + right.sum, count: left.count + right.count, nonfinite: left.nonfinite + right.nonfinite)
  }
}

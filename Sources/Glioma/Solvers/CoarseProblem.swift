import Imaging

extension GrowthProblem {
  /// The same problem with half the cells along each axis and half the slices: tissue and PET averaged, labels by
  /// majority.
  func coarsened() -> GrowthProblem {
    let shape = grid.shape
    let half = VoxelShape((shape.x + 1) / 2, (shape.y + 1) / 2, (shape.z + 1) / 2)
    var coarse = Tissue(
      white: Array(repeating: 0, count: half.count), gray: Array(repeating: 0, count: half.count))
    var labels = Array(repeating: UInt8(0), count: half.count)
    var pet = Array(repeating: Float(0), count: half.count)
    forEachCell(half) { cell, p in
      var votes = [0, 0, 0]
      var (count, uptake, uptakes): (Float, Float, Float) = (0, 0, 0)
      for corner in 0..<8 {
        let (i, j, k) = (2 * p.x + (corner & 1), 2 * p.y + (corner >> 1 & 1), 2 * p.z + (corner >> 2))
        guard shape.contains(i, j, k) else { continue }
        let fine = shape.index(i, j, k)
        count += 1
        coarse.white[cell] += tissue.white[fine]
        coarse.gray[cell] += tissue.gray[fine]
        votes[Int(observation.labels[fine])] += 1
        if let image = observation.pet, image[fine] > 0 {
          uptake += image[fine]
          uptakes += 1
        }
      }
      coarse.white[cell] /= count
      coarse.gray[cell] /= count
      labels[cell] = UInt8(
        votes[2] * 2 >= Int(count) ? 2 : (votes[1] + votes[2]) * 2 >= Int(count) ? 1 : 0)
      if uptakes > 0 { pet[cell] = uptake / uptakes }
    }
    let spacing = SIMD3(
      grid.spacing.x * Double(shape.x) / Double(half.x), grid.spacing.y * Double(shape.y) / Double(half.y),
      grid.spacing.z * Double(shape.z) / Double(half.z))
    return GrowthProblem(
      grid: SpaceTimeGrid(
        slices: max(grid.slices / 2, 2), shape: half, spacing: spacing, duration: grid.duration),
      tissue: coarse,
      observation: Observation(labels: labels, pet: observation.pet == nil ? nil : pet), scheme: scheme,
      blob: blob, weights: weights)
  }
}

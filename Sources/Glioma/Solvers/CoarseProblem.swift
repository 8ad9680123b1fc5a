import Imaging

extension GrowthProblem {
  /// The same problem with half the cells along each axis and half the slices: tissue and PET averaged, labels by
  /// majority. Terms of one slice keep their weight against the equation, which has half as many slices to act on.
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
    let slices = max(grid.slices / 2, 2)
    let share = (Double(slices) / Double(grid.slices)).squareRoot()
    var weights = weights
    weights.data *= share
    weights.pet *= share
    weights.initialCondition *= share
    var seen = Observation(labels: labels, pet: observation.pet == nil ? nil : pet)
    seen.borders = observation.borders
    return GrowthProblem(
      grid: SpaceTimeGrid(
        slices: slices, shape: half, spacing: spacing, duration: grid.duration),
      tissue: coarse, observation: seen, scheme: scheme,
      blob: blob, weights: weights)
  }
}

extension SpaceTimeField {
  /// A forcing of the coarsened problem on the grid of `problem`: linear in space, and each coarse step stands for the two
  /// fine steps it spans. Nil where the grids are not in the ratio of two.
  func refined(to problem: GrowthProblem) -> SpaceTimeField? {
    let fine = problem.grid.shape
    guard fine.x == 2 * shape.x, fine.y == 2 * shape.y, fine.z == 2 * shape.z else { return nil }
    let transfer = SliceTransfer(fine: fine)
    let result = SpaceTimeField(slices: problem.grid.slices, shape: fine)
    let twice = SpaceTimeField(slices: 2, shape: shape)
    let zero = SpaceTimeField(slices: 1, shape: fine)
    let mask = problem.reactive[0]
    for k in 0..<result.slices {
      let source = k == 0 ? 0 : min(max((k + 1) / 2, 1), slices - 1)
      for copy in 0..<2 { twice[copy].update(from: self[source], count: pitch) }
      transfer.prolong(twice, slice: 0, base: zero[0], to: result[k])
      let slice = result[k]
      for cell in 0..<result.pitch { slice[cell] *= mask[cell] }
    }
    return result
  }
}

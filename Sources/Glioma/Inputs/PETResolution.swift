import Imaging

/// What a PET image can tell of the density of a cell.
///
/// Uptake is taken in oedema and enhancing core alone, and seen at a resolution of several millimetres: near the border of
/// that region, also towards necrosis, it is smeared over what takes up nothing and follows the density no more. Only cells
/// farther from the border than the resolution count.
struct PETResolution {
  /// Full width at half maximum of a clinical brain PET, in mm.
  static let width = 4.0

  /// The growth grid.
  let grid: VoxelGrid

  /// `uptake` where all cells nearer than the resolution, and at least the neighbours, are in the region `takesUp`; 0 elsewhere.
  func uptake(_ uptake: [Float], where takesUp: [Bool]) -> [Float] {
    let shape = grid.shape
    let reach = SIMD3<Int>((PETResolution.width / grid.spacing).rounded(.down)).clamped(
      lowerBound: [1, 1, 1], upperBound: .init(repeating: 64))
    var near: [SIMD3<Int>] = []
    for z in -reach.z...reach.z {
      for y in -reach.y...reach.y {
        for x in -reach.x...reach.x {
          let step = SIMD3(x, y, z)
          let distance = (SIMD3<Double>(step) * grid.spacing * SIMD3<Double>(step) * grid.spacing).sum()
          let isNeighbour = abs(x) + abs(y) + abs(z) <= 1
          if isNeighbour || distance <= PETResolution.width * PETResolution.width { near.append(step) }
        }
      }
    }
    var result = uptake
    forEachCell(shape) { cell, p in
      guard uptake[cell] > 0 else { return }
      let isInside = near.allSatisfy { step in
        let q = p &+ step
        return shape.contains(q.x, q.y, q.z) && takesUp[shape.index(q.x, q.y, q.z)]
      }
      if !isInside { result[cell] = 0 }
    }
    return result
  }
}

/// Patterns of the 3×3×3 neighbourhood as bits: bit `a + 3b + 9c` is the voxel at offset (a − 1, b − 1, c − 1), the
/// centre being bit 13.
enum Neighborhood {
  static let center: UInt32 = 1 << 13
  static let all: UInt32 = (1 << 27) - 1

  /// Whether the neighbours present (centre excluded) form exactly one 26-connected component.
  @inline(__always)
  static func isConnected(_ pattern: UInt32) -> Bool {
    let neighbors = pattern & ~center
    var reached = neighbors & (0 &- neighbors)
    if reached == 0 { return false }
    while true {
      let grown = dilated(reached) & neighbors
      if grown == reached { return reached == neighbors }
      reached = grown
    }
  }

  /// All bits within one step, diagonals included, of those set.
  @inline(__always)
  static func dilated(_ bits: UInt32) -> UInt32 {
    let a0: UInt32 = 0b001_001_001_001_001_001_001_001_001
    let x = bits | ((bits & ~(a0 << 2)) << 1) | ((bits & ~a0) >> 1)
    let b0: UInt32 = 0b000_000_111_000_000_111_000_000_111
    let y = x | ((x & ~(b0 << 6)) << 3) | ((x & ~b0) >> 3)
    return (y | y << 9 | y >> 9) & all
  }

  /// Eight times the Euler characteristic that each 2×2×2 block of voxels adds at its common corner.
  ///
  /// Voxels are closed cubes (26-connectivity): with V, E, F and C the vertices, edges, faces and cubes
  /// of the union that meet the corner, `8 V − 4 E + 2 F − C`.
  static let eulerOfBlock: [Int8] = (0..<256).map { block in
    func touched(_ voxels: [Int]) -> Bool { voxels.contains { block >> $0 & 1 == 1 } }
    var sum = touched(Array(0..<8)) ? 8 : 0
    for axis in 0..<3 {
      for side in 0..<2 {
        // The half of the block on one side of the plane across `axis` shares an edge along the axis.
        let half = (0..<8).filter { $0 >> axis & 1 == side }
        if touched(half) { sum -= 4 }
        // Faces that contain that edge lie between voxels next to each other in the half.
        for other in 0..<3 where other != axis {
          for pairSide in 0..<2 {
            let pair = half.filter { $0 >> other & 1 == pairSide }
            // Each face is met from two of its edges.
            if touched(pair) { sum += 1 }
          }
        }
      }
    }
    return Int8(sum - block.nonzeroBitCount)
  }

  /// For the 17 voxels of two layers (9 of an outer one, then 8 around the centre) the change, times eight, of the Euler
  /// characteristic of the four blocks between the layers when the centre is removed.
  static let eulerChangeOfHalf: [Int8] = (0..<1 << 17).map { pattern in
    let outer = pattern & 0x1FF
    let ring = pattern >> 9
    // Put the missing centre back between ring bits 3 and 4.
    let layer = (ring & 0xF) | 1 << 4 | (ring & ~0xF) << 1
    var change = 0
    for (a, b) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
      var block = 0
      for corner in 0..<4 {
        let bit = (a + corner & 1) + 3 * (b + corner >> 1)
        block |= (outer >> bit & 1) << corner | (layer >> bit & 1) << (corner + 4)
      }
      // The centre's place in this block.
      let place = 4 + (1 - a) + 2 * (1 - b)
      change += Int(eulerOfBlock[block]) - Int(eulerOfBlock[block & ~(1 << place)])
    }
    return Int8(change)
  }
}

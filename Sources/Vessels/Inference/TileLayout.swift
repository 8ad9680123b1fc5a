import Imaging

/// The shape of tiles that covers a volume with the least computation.
public struct TileLayout: Hashable, Sendable {
  /// The shape of every tile, halo included.
  public let tile: VoxelShape
  /// The number of tiles along each axis.
  public let counts: VoxelShape

  /// The voxels computed.
  public var voxels: Int { tile.count * counts.count }

  /// Tiles over `extent` of at most `limit` voxels, sides divisible by `divisor`, neighbours overlapping by twice `halo`;
  /// of those that compute equally much the ones with fewer tiles.
  ///
  /// Where even the smallest tile has more voxels than `limit`, that one is taken.
  public init(extent: VoxelShape, halo: Int, divisor: Int, limit: Int) {
    let options = (0..<3).map { axis in TileLayout.sides(length: extent[axis], halo: halo, divisor: divisor) }
    var best: (cost: Int, tiles: Int, tile: VoxelShape, counts: VoxelShape)?
    var smallest = (tile: VoxelShape(0, 0, 0), counts: VoxelShape(1, 1, 1))
    for x in options[0] {
      for y in options[1] {
        for z in options[2] {
          let tile = VoxelShape(x.side, y.side, z.side)
          let counts = VoxelShape(x.count, y.count, z.count)
          if smallest.tile.count == 0 || tile.count < smallest.tile.count { smallest = (tile, counts) }
          guard tile.count <= limit else { continue }
          let (cost, tiles) = (tile.count * counts.count, counts.count)
          if let best, (best.cost, best.tiles) <= (cost, tiles) { continue }
          best = (cost, tiles, tile, counts)
        }
      }
    }
    tile = best?.tile ?? smallest.tile
    counts = best?.counts ?? smallest.counts
  }

  /// The sides that tiles along an axis can have, and how many tiles each needs.
  private static func sides(length: Int, halo: Int, divisor: Int) -> [(side: Int, count: Int)] {
    var options: [(side: Int, count: Int)] = []
    for count in 1...64 {
      let needed = (length + (count - 1) * 2 * halo + count - 1) / count
      let side = (needed + divisor - 1) / divisor * divisor
      guard count == 1 || side > 2 * halo else { break }
      if let last = options.last, last.side == side { continue }
      options.append((side, count))
      if side <= max(divisor, 2 * halo + divisor) { break }
    }
    return options
  }
}

/// How the tiles of a ``WinogradConvolution`` are taken: some rows of some columns of tiles at once, in one sample and depth.
struct WinogradStrips {
  /// Tiles of a sample along depth, height and width.
  let tiles: SIMD3<Int>
  /// Tiles of a strip at most.
  let rows: Int
  let columns: Int
  /// Strips of a plane of tiles.
  private let down: Int
  private let across: Int

  init(extents: SIMD3<Int>) {
    let side = WinogradTransform.outputs
    tiles = (extents &+ (side - 1)) / side
    // Two dozen tiles or so: their sums and a product's inputs lie in a core's second cache.
    across = (tiles[2] + 31) / 32
    columns = (tiles[2] + across - 1) / across
    rows = min(tiles[1], (15 + columns) / columns)
    down = (tiles[1] + rows - 1) / rows
  }

  /// Strips of a sample.
  var count: Int { tiles[0] * down * across }

  /// Places for the tiles of a strip, and for its inputs.
  var places: Int { (rows * columns + 3) / 4 * 4 }
  var inputRows: Int { WinogradTransform.outputs * rows + 2 }
  var inputColumns: Int { WinogradTransform.outputs * columns + 2 }

  /// Tiles `rows` × `columns` at `depth`.
  struct Strip {
    var sample: Int
    var depth: Int
    var rows: Range<Int>
    var columns: Range<Int>

    var count: Int { rows.count * columns.count }
  }

  /// Those that follow each other share inputs.
  subscript(index: Int) -> Strip {
    let (plane, place) = (index / (down * across), index % (down * across))
    let (column, row) = (place / down * columns, place % down * rows)
    return Strip(
      sample: plane / tiles[0], depth: plane % tiles[0], rows: row..<min(tiles[1], row + rows),
      columns: column..<min(tiles[2], column + columns))
  }
}

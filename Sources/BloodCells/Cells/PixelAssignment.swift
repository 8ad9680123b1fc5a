import ImageAnalysis
import Imaging

/// One clump's foreground in its own box, and the cells found in it.
struct SeparatedClump: Sendable {
  /// The clump's pixels within its box.
  var mask: PlanarMask
  /// The image pixel of the mask's first pixel.
  var origin: SIMD2<Int>
  /// Ellipses in image coordinates, with how each came about.
  var cells: [(ellipse: Ellipse, fit: SmearCell.Fit)]
  /// In image coordinates.
  var concavePoints: [SIMD2<Double>] = []
}

extension SeparatedSmear {
  /// Gives every foreground pixel to at most one cell, numbers the cells in reading order, and drops those left
  /// without a pixel.
  ///
  /// Cells that the image's border cuts to less than `smallestCut` pixels are left out. Within a clump a pixel belongs to the ellipse with the smallest normalised radius there, if that is at most
  /// `reach`. In a clump of one cell all pixels are the cell's.
  static func assembling(
    _ clumps: [SeparatedClump], width: Int, height: Int, reach: Double, smallestCut: Double,
    rejected: [Rejected]
  ) throws(BloodCellsError) -> SeparatedSmear {
    struct Entry { var cell: SmearCell, clump: Int, index: Int }
    var owners: [[UInt16]] = []
    var entries: [Entry] = []
    var rejected = rejected
    for (number, clump) in clumps.enumerated() {
      let owner = clump.ownerOfPixels(reach: reach)
      var areas = [Int](repeating: 0, count: clump.cells.count + 1)
      var cut = [Bool](repeating: false, count: clump.cells.count + 1)
      for y in 0..<clump.mask.height {
        for x in 0..<clump.mask.width {
          let o = Int(owner[y * clump.mask.width + x])
          areas[o] += 1
          let (ix, iy) = (x + clump.origin.x, y + clump.origin.y)
          if ix <= 1 || iy <= 1 || ix >= width - 2 || iy >= height - 2 { cut[o] = true }
        }
      }
      for (index, cell) in clump.cells.enumerated() where areas[index + 1] > 0 {
        if cut[index + 1] && Double(areas[index + 1]) < smallestCut {
          rejected.append(.init(reason: .cut, center: cell.ellipse.center, area: areas[index + 1]))
          continue
        }
        let found = SmearCell(
          id: 0, ellipse: cell.ellipse, area: areas[index + 1], clump: number + 1, fit: cell.fit,
          touchesBorder: cut[index + 1])
        entries.append(Entry(cell: found, clump: number, index: index + 1))
      }
      owners.append(owner)
    }
    guard entries.count <= Int(UInt16.max) else { throw .tooManyCells(found: entries.count) }
    entries.sort {
      let (a, b) = ($0.cell.ellipse.center, $1.cell.ellipse.center)
      return (a.y, a.x, $0.clump, $0.index) < (b.y, b.x, $1.clump, $1.index)
    }
    var ids = clumps.map { [UInt16](repeating: 0, count: $0.cells.count + 1) }
    for (number, entry) in entries.enumerated() {
      entries[number].cell.id = number + 1
      ids[entry.clump][entry.index] = UInt16(number + 1)
    }
    var labels = Plane<UInt16>(width: width, height: height, filledWith: 0)
    labels.withMutablePixels { pixels in
      for (number, clump) in clumps.enumerated() {
        for y in 0..<clump.mask.height {
          for x in 0..<clump.mask.width {
            let id = ids[number][Int(owners[number][y * clump.mask.width + x])]
            if id != 0 { pixels[(y + clump.origin.y) * width + x + clump.origin.x] = id }
          }
        }
      }
    }
    return SeparatedSmear(
      cells: entries.map(\.cell), labels: labels, concavePoints: clumps.flatMap(\.concavePoints),
      rejected: rejected)
  }
}

extension SeparatedClump {
  /// For each pixel of the box 0, or 1 + the index of the cell it belongs to.
  func ownerOfPixels(reach: Double) -> [UInt16] {
    if cells.count == 1 { return mask.pixels.map { $0 == 0 ? 0 : 1 } }
    var owner = [UInt16](repeating: 0, count: mask.pixels.count)
    var nearest = [Double](repeating: reach, count: mask.pixels.count)
    for (index, cell) in cells.enumerated() {
      let local = cell.ellipse.moved(by: -SIMD2(Double(origin.x), Double(origin.y)))
      let half = local.halfExtents * reach
      let frame = Ellipse.Frame(local)
      let columns = clamped(local.center.x - half.x, local.center.x + half.x, mask.width)
      for y in clamped(local.center.y - half.y, local.center.y + half.y, mask.height) {
        for x in columns {
          let p = y * mask.width + x
          guard mask.pixels[p] != 0 else { continue }
          let radius = frame.normalizedRadius([Double(x), Double(y)])
          if radius < nearest[p] { (nearest[p], owner[p]) = (radius, UInt16(index + 1)) }
        }
      }
    }
    return owner
  }
}

/// The whole numbers from `low` to `high` within `0..<count`.
func clamped(_ low: Double, _ high: Double, _ count: Int) -> Range<Int> {
  let end = Double(count)
  let from = Int(min(max(0, low.rounded(.down)), end))
  return from..<max(from, Int(min(max(-1, high.rounded(.up)), end - 1)) + 1)
}

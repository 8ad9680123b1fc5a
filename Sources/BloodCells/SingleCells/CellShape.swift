import ImageAnalysis
import Imaging

/// What the outline and the brightness of a cell say about its type without a network.
public struct CellShape: Sendable, Hashable, Codable {
  /// The ellipse's area over the median of the image's whole cells: macrocytes and microcytes differ by this alone.
  public let relativeArea: Double
  /// The longer half axis over the shorter.
  public let axisRatio: Double
  /// The visible area over that of its convex hull; 1 without dents.
  public let solidity: Double
  /// 4π area / perimeter², of the visible part; 1 for a circle, small for spikes.
  public let circularity: Double
  /// How much brighter the inner third is than the outer, in parts of the background's level.
  public let pallor: Double
  /// The visible area over the ellipse's: below 1 where another cell or the border hides a part.
  public let visibleShare: Double
}

extension SeparatedSmear {
  /// The median ellipse area of cells the border does not cut; of all cells where it cuts every one; nil without cells.
  public var medianCellArea: Double? {
    let whole = cells.filter { !$0.touchesBorder }
    let areas = (whole.isEmpty ? cells : whole).map(\.ellipse.area).sorted()
    return areas.isEmpty ? nil : areas[areas.count / 2]
  }

  /// The diameter of the circle with the median cell's area; nil without cells.
  public var medianCellDiameter: Double? { medianCellArea.map { 2 * ($0 / .pi).squareRoot() } }

  /// The shape of `cell`, whose brightness is taken from a balanced image and whose size is compared with `medianArea`.
  public func shape(of cell: SmearCell, in smear: BalancedSmear, medianArea: Double) -> CellShape {
    let box = box(of: cell)
    var mask = PlanarMask(width: box.columns.count, height: box.rows.count, filledWith: 0)
    var (inner, outer) = ((sum: 0.0, count: 0.0), (sum: 0.0, count: 0.0))
    for y in box.rows {
      for x in box.columns where labels[x, y] == UInt16(cell.id) {
        mask[x - box.columns.lowerBound, y - box.rows.lowerBound] = 1
        let radius = cell.ellipse.normalizedRadius([Double(x), Double(y)])
        let green = Double(smear.image[x, y].y)
        if radius < 1 / 3 {
          inner = (inner.sum + green, inner.count + 1)
        } else if radius > 0.55 && radius < 0.9 {
          outer = (outer.sum + green, outer.count + 1)
        }
      }
    }
    let parts = PlanarComponents(of: mask.filledHoles())
    let largest = parts.regions.indices.max { parts.regions[$0].area < parts.regions[$1].area }
    let outline = Polygon(largest.map { parts.outerContour(ofRegion: $0) } ?? [])
    let (hull, perimeter) = (outline.convexHull.area, outline.perimeter)
    let level = Double(BalancedSmear.backgroundLevel)
    return CellShape(
      relativeArea: cell.ellipse.area / medianArea, axisRatio: cell.ellipse.axisRatio,
      solidity: hull > 0 ? outline.area / hull : 1,
      circularity: perimeter > 0 ? min(1, 4 * .pi * outline.area / (perimeter * perimeter)) : 0,
      pallor: inner.count > 0 && outer.count > 0
        ? (inner.sum / inner.count - outer.sum / outer.count) / level : 0,
      visibleShare: cell.ellipse.area > 0 ? Double(cell.area) / cell.ellipse.area : 0)
  }

  /// The pixels a cell's label can lie in.
  private func box(of cell: SmearCell) -> (columns: Range<Int>, rows: Range<Int>) {
    let reach = cell.ellipse.halfExtents * 1.6 + 8
    let center = cell.ellipse.center
    return (
      clamped(center.x - reach.x, center.x + reach.x, labels.width),
      clamped(center.y - reach.y, center.y + reach.y, labels.height)
    )
  }
}

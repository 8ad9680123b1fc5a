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
    let (mask, inner, outer) = pixels(of: cell, in: smear)
    let parts = PlanarComponents(of: mask.filledHoles())
    let largest = parts.regions.indices.max { parts.regions[$0].area < parts.regions[$1].area }
    let outline = Polygon(largest.map { parts.outerContour(ofRegion: $0) } ?? [])
    let (hull, perimeter) = (outline.convexHull.area, outline.perimeter)
    let level = Double(BalancedSmear.backgroundLevel)
    return CellShape(
      relativeArea: cell.ellipse.area / medianArea, axisRatio: cell.ellipse.axisRatio,
      solidity: hull > 0 ? outline.area / hull : 1,
      circularity: perimeter > 0 ? min(1, 4 * .pi * outline.area / (perimeter * perimeter)) : 0,
      pallor: inner.count > 0 && outer.count > 0 ? (inner.mean - outer.mean) / level : 0,
      visibleShare: cell.ellipse.area > 0 ? Double(cell.area) / cell.ellipse.area : 0)
  }

  private struct Brightness {
    private var sum = 0
    private(set) var count = 0
    var mean: Double { Double(sum) / Double(count) }

    mutating func add(_ value: Int) {
      sum += value
      count += 1
    }
  }

  /// The pixels of `cell` in the smallest box around them, and how bright its inner third and the ring before its outline
  /// are in green.
  private func pixels(
    of cell: SmearCell, in smear: BalancedSmear
  ) -> (mask: PlanarMask, inner: Brightness, outer: Brightness) {
    let (box, id, width) = (box(of: cell), UInt16(cell.id), labels.width)
    let frame = Ellipse.Frame(cell.ellipse)
    var (low, high) = (SIMD2(Int.max, Int.max), SIMD2(-1, -1))
    var (places, inner, outer) = ([SIMD2<Int>](), Brightness(), Brightness())
    labels.withPixels { labels in
      smear.image.samples.withUnsafeBufferPointer { colors in
        for y in box.rows {
          for x in box.columns where labels[y * width + x] == id {
            (low, high) = (SIMD2(min(low.x, x), min(low.y, y)), SIMD2(max(high.x, x), y))
            places.append(SIMD2(x, y))
            let radius = frame.normalizedRadius([Double(x), Double(y)])
            let green = Int(colors[3 * (y * width + x) + 1])
            if radius < 1 / 3 {
              inner.add(green)
            } else if radius > 0.55 && radius < 0.9 {
              outer.add(green)
            }
          }
        }
      }
    }
    guard !places.isEmpty else { return (PlanarMask(width: 1, height: 1, filledWith: 0), inner, outer) }
    let size = high &- low &+ 1
    var mask = PlanarMask(width: size.x, height: size.y, filledWith: 0)
    mask.withMutablePixels { pixels in
      for place in places { pixels[(place.y - low.y) * size.x + place.x - low.x] = 1 }
    }
    return (mask, inner, outer)
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

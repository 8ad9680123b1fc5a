import Foundation
import ImageAnalysis
import Imaging
import Numerics

/// The separation of Naruenatthanaset et al., with the defects of the authors' program mended: runs across the contour's
/// start, the first arc taken twice, rejected arcs unsorted, one concave point cutting nothing, slivers as cells and
/// a remainder lost when it falls in two.
struct PaperSeparation: Sendable {
  let parameters: PaperParameters

  /// The cells of every contour of the foreground.
  func callAsFunction(_ mask: PlanarMask) throws(BloodCellsError) -> SeparatedSmear {
    let components = PaperForeground.clumps(of: mask)
    let found = Parallel.mapSlabs(of: components.regions.indices, count: components.regions.count) { slab in
      slab.map { clump(of: components, region: $0) }
    }.flatMap(\.self)
    var (clumps, rejected): ([SeparatedClump], [SeparatedSmear.Rejected]) = ([], [])
    for (region, clump) in zip(components.regions, found) {
      if let clump {
        clumps.append(clump)
      } else {
        let middle = SIMD2(
          Double(region.columns.lowerBound + region.columns.upperBound - 1) / 2,
          Double(region.rows.lowerBound + region.rows.upperBound - 1) / 2)
        rejected.append(.init(reason: .small, center: middle, area: region.area))
      }
    }
    return try .assembling(
      clumps, width: mask.width, height: mask.height, reach: .infinity, smallestCut: 0,
      rejected: rejected)
  }

  /// The cells of one contour, nil where it encloses too little.
  private func clump(of components: PlanarComponents, region index: Int) -> SeparatedClump? {
    let region = components.regions[index]
    let origin = SIMD2(region.columns.lowerBound, region.rows.lowerBound)
    let contour = components.outerContour(ofRegion: index).map { $0 &- origin }
    let outline = Polygon(contour)
    guard outline.area >= parameters.minimumArea else { return nil }
    let mask = components.mask(ofRegion: index)
    let place = SIMD2(Double(origin.x), Double(origin.y))
    var clump = SeparatedClump(mask: mask, origin: origin, cells: [])
    var cells: [(ellipse: Ellipse, fit: SmearCell.Fit)] = []
    if outline.area >= parameters.singleCellArea {
      let concave = MidpointConcavity.indices(contour: contour, mask: mask, steps: parameters.steps)
      clump.concavePoints = concave.map { outline.points[$0] + place }
      cells = ellipses(of: contour, cutAt: concave, mask: mask)
    }
    if cells.isEmpty { cells = [wholeRegion(mask, outline.points, fit: .single)] }
    clump.cells = cells.map { ($0.ellipse.moved(by: place), $0.fit) }
    return clump
  }

  /// Arcs, their ellipses, pairs of rejected arcs, the remainder, in the paper's order.
  private func ellipses(
    of contour: [SIMD2<Int>], cutAt concave: [Int], mask: PlanarMask
  ) -> [(ellipse: Ellipse, fit: SmearCell.Fit)] {
    guard concave.count >= 2 else { return [] }
    var arcs = concave.indices.map { n in
      let (from, to) = (concave[n], n + 1 < concave.count ? concave[n + 1] : concave[0] + contour.count)
      return (from..<to).map { contour[$0 % contour.count] }
    }
    arcs = arcs.filter { $0.count > parameters.shortestArc }
      .enumerated().sorted { ($0.element.count, -$0.offset) > ($1.element.count, -$1.offset) }.map(\.element)
    var rest = mask
    var cells: [(ellipse: Ellipse, fit: SmearCell.Fit)] = []
    var unused: [[SIMD2<Int>]] = []
    for arc in arcs where Polygon(arc).area >= parameters.minimumChordArea {
      if let drawn = drawn(arc, mask),
        drawn.area >= parameters.minimumEllipseArea,
        drawn.share(of: mask) >= parameters.foregroundShare, drawn.share(of: rest) >= parameters.newShare
      {
        cells.append((drawn.ellipse, .arc))
        rest.remove(drawn.mask)
      } else {
        unused.append(arc)
      }
    }
    unused = unused.enumerated().map { ($0.offset, Polygon($0.element).area, $0.element) }
      .sorted { ($0.1, -$0.0) > ($1.1, -$1.0) }.map(\.2)
    var free = Set(unused.indices)
    for first in unused.indices {
      for second in unused.indices where second > first && free.contains(first) && free.contains(second) {
        guard let drawn = drawn(unused[first] + unused[second], mask),
          parameters.pairAreas.contains(drawn.area),
          drawn.ellipse.axisRatio < parameters.pairAxisRatio,
          drawn.share(of: mask) >= parameters.pairForegroundShare,
          drawn.share(of: rest) >= parameters.newShare
        else { continue }
        cells.append((drawn.ellipse, .arcs))
        rest.remove(drawn.mask)
        free.subtract([first, second])
      }
    }
    return cells + remainders(rest)
  }

  /// The parts of the clump that no ellipse took, without the fringes along the ellipses.
  private func remainders(_ rest: PlanarMask) -> [(ellipse: Ellipse, fit: SmearCell.Fit)] {
    let parts = PlanarComponents(of: rest.erodedByCross().dilatedByCross())
    return parts.regions.indices.compactMap { index in
      let outline = Polygon(parts.outerContour(ofRegion: index))
      guard outline.area >= parameters.minimumArea else { return nil }
      let region = parts.regions[index]
      let place = SIMD2(Double(region.columns.lowerBound), Double(region.rows.lowerBound))
      let cell = wholeRegion(
        parts.mask(ofRegion: index), outline.points.map { $0 - place }, fit: .remainder)
      return (cell.ellipse.moved(by: place), cell.fit)
    }
  }

  /// An ellipse as the paper draws it, with its polygon.
  private struct Drawn {
    let ellipse: Ellipse
    let mask: PlanarMask
    let area: Double

    func share(of region: PlanarMask) -> Double {
      let both = zip(mask.pixels, region.pixels).reduce(0) { $0 + ($1.0 != 0 && $1.1 != 0 ? 1 : 0) }
      return Double(both) / area
    }
  }

  /// The ellipse through `points`, its numbers cut to integers and drawn as a polygon of 72 corners, as published.
  private func drawn(_ points: [SIMD2<Int>], _ mask: PlanarMask) -> Drawn? {
    guard let fit = try? EllipseFit.direct(points.map { SIMD2(Double($0.x), Double($0.y)) }),
      fit.semiAxes.x < Double(4 * (mask.width + mask.height))
    else { return nil }
    let degrees = (fit.angle * 180 / .pi).rounded(.towardZero)
    let cut = Ellipse(
      center: fit.center.rounded(.towardZero), semiAxes: fit.semiAxes.rounded(.towardZero),
      angle: degrees * .pi / 180)
    guard cut.semiAxes.y >= 1 else { return nil }
    let polygon = Polygon(cut.outline(count: 72).points.map { $0.rounded(.toNearestOrEven) })
    return Drawn(
      ellipse: fit, mask: polygon.mask(width: mask.width, height: mask.height), area: polygon.area)
  }
}

/// The cell that is all of `mask`, with the ellipse through its outline or, where there is none, that of its second
/// moments.
func wholeRegion(
  _ mask: PlanarMask, _ outline: [SIMD2<Double>], fit: SmearCell.Fit
) -> (ellipse: Ellipse, fit: SmearCell.Fit) {
  if let ellipse = try? EllipseFit.direct(outline),
    ellipse.area < 2 * Double(mask.insideCount) + 100, ellipse.semiAxes.y >= 0.5
  {
    return (ellipse, fit)
  }
  return (momentsEllipse(mask), .failed)
}

/// The ellipse with the area centroid and second moments of `mask`.
func momentsEllipse(_ mask: PlanarMask) -> Ellipse {
  var (count, sum, xx, xy, yy) = (0.0, SIMD2<Double>.zero, 0.0, 0.0, 0.0)
  for y in 0..<mask.height {
    for x in 0..<mask.width where mask[x, y] != 0 {
      let (px, py) = (Double(x), Double(y))
      count += 1
      sum += [px, py]
      xx += px * px
      xy += px * py
      yy += py * py
    }
  }
  let mean = sum / max(1, count)
  let n = max(1, count)
  // A pixel is a unit square with second moment 1/12 by itself.
  return Ellipse(
    center: mean, secondMoments: xx / n - mean.x * mean.x + 1 / 12, xy / n - mean.x * mean.y,
    yy / n - mean.y * mean.y + 1 / 12)
}

extension Plane where Scalar == UInt8 {
  /// Sets the pixels of `other`, of the same size, to 0.
  mutating func remove(_ other: PlanarMask) {
    withMutablePixels { pixels in
      for (index, value) in other.pixels.enumerated() where value != 0 { pixels[index] = 0 }
    }
  }
}

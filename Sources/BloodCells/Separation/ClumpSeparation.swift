import Foundation
import ImageAnalysis
import Imaging

extension ClumpProblem {
  /// The cells of the clump in image coordinates, and its concave points.
  func separated() -> SeparatedClump {
    let place = SIMD2(Double(origin.x), Double(origin.y))
    var result = SeparatedClump(mask: mask.map { $0 == 0 ? 0 : 1 }, origin: origin, cells: [])
    result.concavePoints = boundaries.flatMap { boundary in
      boundary.deepest(above: parameters.reportedDepth).map { boundary.points[$0] + place }
    }
    var cells = isPlainlyOneCell ? [] : chosenCells()
    if cells.count < 2 { cells = [wholeCell(result.mask)] }
    // Contours run through the centres of border pixels, half a pixel inside the true outline.
    result.cells = cells.map { ($0.ellipse.grown(by: 0.5).moved(by: place), $0.fit) }
    return result
  }

  /// The clump as one cell; where the image's border cuts it, the ellipse is held to a cell's size.
  private func wholeCell(_ region: PlanarMask) -> (ellipse: Ellipse, fit: SmearCell.Fit) {
    guard let outer = boundaries.first, outer.isCut.contains(true) else {
      return wholeRegion(region.filledHoles(), boundaries.first?.points ?? [], fit: .single)
    }
    let outline = outer.points.indices.filter { !outer.isCut[$0] }.map { outer.points[$0] }
    let moments = momentsEllipse(region)
    let prior = EllipsePrior(radius: radius, sizeSpread: 0.3, elongationSpread: 0.3)
    guard outline.count >= 6,
      let found = EllipseFit.geometric(
        outline, start: moments, prior: prior, noise: parameters.contourNoise * radius, steps: 12),
      found.residual < 3 * parameters.contourNoise * radius
    else { return (moments, .failed) }
    return (found.ellipse, .single)
  }

  /// Too small for two cells and without a dent.
  private var isPlainlyOneCell: Bool {
    guard let outer = boundaries.first, boundaries.count == 1 else { return boundaries.isEmpty }
    let area = Double(mask.insideCount)
    return area < 0.5 * cellArea || (area < 1.3 * cellArea && outer.concave.isEmpty)
  }

  private func chosenCells() -> [(ellipse: Ellipse, fit: SmearCell.Fit)] {
    let candidates = arcCandidates()
    let chosen = JointChoice(problem: self, candidates: candidates).best()
    let cells = chosen.members.map { (ellipse: candidates[$0].ellipse, fit: candidates[$0].fit) }
    return refined(cells)
  }

  /// The ellipses fitted again, each to all contour points nearest to it.
  private func refined(
    _ cells: [(ellipse: Ellipse, fit: SmearCell.Fit)]
  ) -> [(ellipse: Ellipse, fit: SmearCell.Fit)] {
    guard cells.count > 1 else { return cells }
    var cells = cells
    let prior = EllipsePrior(
      radius: radius, sizeSpread: 1.5 * parameters.sizeSpread,
      elongationSpread: 1.5 * parameters.elongationSpread)
    for _ in 0..<3 {
      var points: [[SIMD2<Double>]] = Array(repeating: [], count: cells.count)
      for point in contour {
        var (nearest, distance) = (-1, 0.25 * radius)
        for (index, cell) in cells.enumerated() {
          let found = abs(cell.ellipse.signedDistance(point))
          if found < distance { (nearest, distance) = (index, found) }
        }
        if nearest >= 0 { points[nearest].append(point) }
      }
      for index in cells.indices where points[index].count >= 6 {
        if let fit = EllipseFit.geometric(
          points[index], start: cells[index].ellipse, prior: prior, noise: parameters.contourNoise * radius,
          steps: 6), parameters.ellipseAreas.contains(fit.ellipse.area / cellArea),
          fit.ellipse.axisRatio <= parameters.axisRatio
        {
          cells[index].ellipse = fit.ellipse
        }
      }
    }
    return cells
  }
}

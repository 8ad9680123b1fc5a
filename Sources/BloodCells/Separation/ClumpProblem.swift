import Foundation
import ImageAnalysis
import Imaging

/// A clump to be taken apart: its foreground, its borders, the size of the image's cells.
struct ClumpProblem: Sendable {
  /// 0 background, 1 foreground, 2 pale centre; in the clump's own box.
  let mask: PlanarMask
  /// The image pixel of the box's first pixel.
  let origin: SIMD2<Int>
  /// The radius of the image's modal cell, in pixels.
  let radius: Double
  let parameters: SeparationParameters
  /// Outer border first, then those of gaps inside.
  let boundaries: [ClumpBoundary]
  /// All boundary points that are a cell's outline, in the order of `boundaries`.
  let contour: [SIMD2<Double>]
  let samples: ClumpSamples
  /// The area of a modal cell in samples.
  let cellSamples: Double

  /// The area of a modal cell, in pixels.
  var cellArea: Double { .pi * radius * radius }

  /// - Parameter foreground: The whole image's mask, in which the clump's neighbours and foreign objects lie.
  init(
    mask: PlanarMask, origin: SIMD2<Int>, foreground: PlanarMask, radius: Double,
    parameters: SeparationParameters
  ) {
    self.mask = mask
    self.origin = origin
    self.radius = radius
    self.parameters = parameters
    let onBorder = { (point: SIMD2<Double>) in
      let place = SIMD2(Int(point.x.rounded()), Int(point.y.rounded())) &+ origin
      for y in (place.y - 2)...(place.y + 2) {
        for x in (place.x - 2)...(place.x + 2)
        where !foreground.contains(x, y) || foreground[x, y] == SmearForeground.Value.foreign { return true }
      }
      return false
    }
    var boundaries: [ClumpBoundary] = []
    let parts = PlanarComponents(of: mask)
    if let largest = parts.regions.indices.max(by: { parts.regions[$0].area < parts.regions[$1].area }),
      let outer = ClumpBoundary(
        pixels: parts.outerContour(ofRegion: largest), radius: radius, parameters: parameters,
        isCut: onBorder)
    {
      boundaries.append(outer)
    }
    let gaps = mask.backgroundComponents()
    for index in gaps.regions.indices
    where !gaps.regions[index].touchesBorder(width: mask.width, height: mask.height)
      && Double(gaps.regions[index].area) > 0.02 * .pi * radius * radius
    {
      // Seen from the clump the way round a gap is the other way.
      if let inner = ClumpBoundary(
        pixels: gaps.outerContour(ofRegion: index).reversed(), radius: radius, parameters: parameters,
        isCut: onBorder)
      {
        boundaries.append(inner)
      }
    }
    self.boundaries = boundaries
    contour = boundaries.flatMap { boundary in
      boundary.points.indices.filter { !boundary.isCut[$0] }.map { boundary.points[$0] }
    }
    let step = max(1, Int((radius / 10).rounded()))
    samples = ClumpSamples(
      width: mask.width, height: mask.height, margin: Int(radius), step: step
    ) { x, y in
      let (ix, iy) = (x + origin.x, y + origin.y)
      guard foreground.contains(ix, iy), foreground[ix, iy] != SmearForeground.Value.foreign else {
        return .outside
      }
      guard mask.contains(x, y) else { return .background }
      return mask[x, y] == 0 ? .background : mask[x, y] == 1 ? .foreground : .pale
    }
    cellSamples = .pi * radius * radius / Double(step * step)
  }

  /// The candidate for `ellipse`, nil where its size, shape or place make it no cell.
  func candidate(_ ellipse: Ellipse, fit: SmearCell.Fit) -> EllipseCandidate? {
    let size = ellipse.area / cellArea
    guard parameters.ellipseAreas.contains(size), ellipse.axisRatio <= parameters.axisRatio else {
      return nil
    }
    let covered = samples.covered(by: ellipse)
    let (foreground, background) = (bitCount(covered.foreground), bitCount(covered.background))
    let total = foreground + background + covered.pale
    guard total > 0, foreground > 0,
      Double(foreground + covered.pale) >= parameters.foregroundShare * Double(total)
    else { return nil }
    let reach = parameters.contourReach * radius
    let (c, s) = (cos(ellipse.angle), sin(ellipse.angle))
    let inverse = 1 / ellipse.semiAxes
    let gaps = contour.map { point -> UInt8 in
      let offset = point - ellipse.center
      let (u, v) = ((c * offset.x + s * offset.y) * inverse.x, (c * offset.y - s * offset.x) * inverse.y)
      let norm = (u * u + v * v).squareRoot()
      let slope = (u * u * inverse.x * inverse.x + v * v * inverse.y * inverse.y).squareRoot()
      guard slope > 1e-12 else { return 255 }
      let share = (norm - 1) * norm / (slope * reach)
      return UInt8(min(1, share * share) * 255)
    }
    // Small cells are common (microcytes, spherocytes, fragments), cells of double size are two.
    let deviation = log(size) / (2 * parameters.sizeSpread) * (size < 1 ? parameters.smallness : 1)
    let elongation =
      max(0, log(ellipse.axisRatio) - parameters.elongationSpread) / parameters.elongationSpread
    let price =
      parameters.ellipse + parameters.size * min(6, deviation * deviation + elongation * elongation)
    return EllipseCandidate(
      ellipse: ellipse, fit: fit, foreground: covered.foreground, background: covered.background, gaps: gaps,
      price: price)
  }
}

import Foundation
import ImageAnalysis
import Imaging
import Numerics
import Testing

@Suite("Ellipses and polygons") struct PlanarGeometryTests {
  @Test("An ellipse is recovered from its own points", arguments: 0..<60) func recovery(seed: Int) throws {
    var stream = RandomStream(seed: UInt64(seed), purpose: "ellipse")
    let minor = 5 + 30 * stream.uniformDouble()
    let truth = Ellipse(
      center: [500 * stream.uniformDouble(), 500 * stream.uniformDouble()],
      semiAxes: [minor * (1 + stream.uniformDouble()), minor], angle: 3.1 * stream.uniformDouble())
    // At least a quarter of the outline, in doubles.
    let span = .pi / 2 + 1.5 * .pi * stream.uniformDouble()
    let count = stream.integer(6...80)
    let points = (0..<count).map { truth.point(at: 0.4 + span * Double($0) / Double(count)) }
    let fit = try EllipseFit.direct(points)
    #expect(
      abs(fit.center.x - truth.center.x) < 1e-4 && abs(fit.center.y - truth.center.y) < 1e-4, "seed \(seed)")
    #expect(abs(fit.semiAxes.x - truth.semiAxes.x) < 1e-4 && abs(fit.semiAxes.y - truth.semiAxes.y) < 1e-4)
    let turn = abs(sin(fit.angle - truth.angle))
    #expect(turn < 1e-3 / max(1e-3, truth.axisRatio - 1), "seed \(seed)")
  }

  @Test("An exact circle, six points, and repeated points are fitted") func specialPoints() throws {
    let circle = Ellipse(center: [3, -2], semiAxes: [7, 7], angle: 0)
    for count in [6, 7, 100] {
      let points = circle.outline(count: count).points
      for sample in [points, points + points] {
        let fit = try EllipseFit.direct(sample)
        #expect(abs(fit.semiAxes.x - 7) < 1e-6 && abs(fit.semiAxes.y - 7) < 1e-6)
      }
    }
  }

  @Test("Too few, collinear, coincident and non-finite points are refused") func refusals() {
    #expect(throws: EllipseFitError.tooFewPoints(found: 5)) {
      try EllipseFit.direct((0..<5).map { [Double($0), Double($0 * $0)] })
    }
    let line = (0..<20).map { SIMD2(Double($0), 2 * Double($0) + 1) }
    #expect(throws: EllipseFitError.collinear) { try EllipseFit.direct(line) }
    #expect(throws: EllipseFitError.self) { try EllipseFit.direct(Array(repeating: [4, 4], count: 9)) }
    #expect(throws: EllipseFitError.self) { try EllipseFit.direct(line + [[.nan, 1]]) }
  }

  @Test("A nearly straight arc gives an ellipse or a refusal, never NaN", arguments: 0..<30)
  func nearlyStraight(seed: Int) {
    var stream = RandomStream(seed: UInt64(seed), purpose: "straight")
    let points = (0..<12).map { SIMD2(Double($0), 1e-3 * Double(stream.normal())) }
    if let fit = try? EllipseFit.direct(points) {
      #expect(fit.area.isFinite && fit.semiAxes.y > 0 && fit.center.x.isFinite)
    }
  }

  @Test("Second moments give back the ellipse whose pixels they are") func moments() {
    let truth = Ellipse(center: [40, 30], semiAxes: [25, 12], angle: 0.7)
    var (n, sum, xx, xy, yy) = (0.0, SIMD2<Double>.zero, 0.0, 0.0, 0.0)
    for y in truth.rows {
      guard let columns = truth.columns(inRow: y) else { continue }
      for x in columns {
        #expect(truth.normalizedRadius([Double(x), Double(y)]) <= 1 + 1e-9)
        n += 1
        sum += [Double(x), Double(y)]
        xx += Double(x * x)
        xy += Double(x * y)
        yy += Double(y * y)
      }
    }
    let c = sum / n
    let found = Ellipse(center: c, secondMoments: xx / n - c.x * c.x, xy / n - c.x * c.y, yy / n - c.y * c.y)
    #expect(abs(found.semiAxes.x - 25) < 0.2 && abs(found.semiAxes.y - 12) < 0.2)
    #expect(abs(found.angle - 0.7) < 0.01)
    #expect(abs(n - truth.area) < 12)
  }

  @Test("The Jaccard index of shifted circles has its closed form") func jaccard() {
    let circle = Ellipse(center: .zero, semiAxes: [20, 20], angle: 0)
    let lens = 2 * 400 * acos(0.25) - 5 * (1600.0 - 100).squareRoot()
    let expected = lens / (2 * 400 * .pi - lens)
    #expect(abs(circle.jaccard(with: circle.moved(by: [10, 0])) - expected) < 2e-3)
    #expect(circle.jaccard(with: circle) == 1)
    #expect(circle.jaccard(with: circle.moved(by: [41, 0])) == 0)
  }

  @Test("A square's area, centroid, hull and pixels are exact") func square() {
    let square = Polygon([[2, 3], [6, 3], [6, 7], [2, 7]].map { SIMD2<Double>($0[0], $0[1]) })
    #expect(square.signedArea == 16 && square.centroid == [4, 5] && square.perimeter == 16)
    #expect(square.contains([2, 5]) && square.contains([4, 4]) && !square.contains([6.01, 5]))
    #expect(square.mask(width: 10, height: 10).insideCount == 25)
    let dented = Polygon(square.points + [[3, 5]])
    #expect(dented.convexHull.area == 16 && dented.area < 16)
  }

  @Test("The contour of a disc is closed, 8-connected, and encloses the disc") func discContour() {
    let disc = Ellipse(center: [30, 30], semiAxes: [20, 20], angle: 0).outline(count: 200).mask(
      width: 61, height: 61)
    let components = PlanarComponents(of: disc)
    let contour = components.outerContour(ofRegion: 0)
    for (one, next) in zip(contour, contour.dropFirst() + contour.prefix(1)) {
      let step = next &- one
      #expect(max(abs(step.x), abs(step.y)) == 1)
    }
    #expect(Polygon(contour).mask(width: 61, height: 61) == disc)
  }

  @Test("A single pixel and a line have contours") func thinContours() {
    var mask = PlanarMask(width: 9, height: 5, filledWith: 0)
    mask[4, 2] = 1
    #expect(PlanarComponents(of: mask).outerContour(ofRegion: 0) == [[4, 2]])
    mask[5, 2] = 1
    mask[6, 2] = 1
    #expect(PlanarComponents(of: mask).outerContour(ofRegion: 0) == [[4, 2], [5, 2], [6, 2], [5, 2]])
  }

  @Test("Holes are filled, bays are not, and a diagonal line closes a hole") func holes() {
    var ring = PlanarMask(width: 7, height: 7, filledWith: 0)
    for (x, y) in [(3, 1), (2, 2), (4, 2), (1, 3), (5, 3), (2, 4), (4, 4), (3, 5)] { ring[x, y] = 1 }
    #expect(ring.filledHoles().insideCount == 13)
    var open = ring
    open[3, 1] = 0
    #expect(open.filledHoles() == open)
  }
}

import Imaging

/// A closed polygon in pixel coordinates, pixel centres at whole numbers.
public struct Polygon: Sendable, Hashable {
  /// The corners in order; the last joins the first.
  public let points: [SIMD2<Double>]

  /// The polygon with these corners.
  public init(_ points: [SIMD2<Double>]) { self.points = points }

  /// The polygon whose corners are these pixel centres.
  public init(_ pixels: [SIMD2<Int>]) { self.init(pixels.map { SIMD2(Double($0.x), Double($0.y)) }) }

  /// The area by the shoelace formula, positive when the corners run clockwise on the screen (y down).
  public var signedArea: Double {
    guard var previous = points.last else { return 0 }
    var sum = 0.0
    for point in points {
      sum += previous.x * point.y - point.x * previous.y
      previous = point
    }
    return sum / 2
  }

  /// The area enclosed.
  public var area: Double { abs(signedArea) }

  /// The length of the outline.
  public var perimeter: Double {
    guard var previous = points.last else { return 0 }
    return points.reduce(0) { sum, point in
      let step = point - previous
      previous = point
      return sum + (step * step).sum().squareRoot()
    }
  }

  /// The centre of mass; the mean of the corners where the area is 0.
  public var centroid: SIMD2<Double> {
    guard let origin = points.first else { return .zero }
    var (sum, twiceArea) = (SIMD2<Double>.zero, 0.0)
    var previous = points[points.count - 1] - origin
    for corner in points {
      let point = corner - origin
      let cross = previous.x * point.y - point.x * previous.y
      sum += (previous + point) * cross
      twiceArea += cross
      previous = point
    }
    if abs(twiceArea) < 1e-9 { return points.reduce(.zero, +) / Double(points.count) }
    return origin + sum / (3 * twiceArea)
  }

  /// Whether (x, y) lies inside or on the outline (even-odd rule).
  public func contains(_ point: SIMD2<Double>) -> Bool {
    guard var previous = points.last else { return false }
    var inside = false
    for corner in points {
      let (edge, offset) = (corner - previous, point - previous)
      let cross = edge.x * offset.y - edge.y * offset.x
      if cross == 0 {
        let along = (edge * offset).sum()
        if along >= 0 && along <= (edge * edge).sum() { return true }
      }
      if (corner.y > point.y) != (previous.y > point.y) {
        let x = previous.x + edge.x * (point.y - previous.y) / edge.y
        if point.x < x { inside.toggle() }
      }
      previous = corner
    }
    return inside
  }

  /// The convex hull, clockwise on the screen (Andrew's monotone chain, 1979).
  public var convexHull: Polygon {
    let sorted = points.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
    guard sorted.count > 2 else { return Polygon(sorted) }
    func chain(_ points: [SIMD2<Double>]) -> [SIMD2<Double>] {
      var hull: [SIMD2<Double>] = []
      for point in points {
        while hull.count >= 2 {
          let (a, b) = (hull[hull.count - 1] - hull[hull.count - 2], point - hull[hull.count - 2])
          if a.x * b.y - a.y * b.x > 0 { break }
          hull.removeLast()
        }
        hull.append(point)
      }
      return Array(hull.dropLast())
    }
    return Polygon(chain(sorted) + chain(sorted.reversed()))
  }

  /// The pixels inside or on the outline, as a mask of `width` by `height` pixels whose first pixel is `origin`.
  ///
  /// A pixel is inside by the even-odd rule at its centre; the pixels that the outline passes through are added.
  public func mask(width: Int, height: Int, origin: SIMD2<Int> = .zero) -> PlanarMask {
    var result = PlanarMask(width: width, height: height, filledWith: 0)
    guard var previous = points.last else { return result }
    var crossings: [[Double]] = Array(repeating: [], count: height)
    for point in points {
      let (top, bottom) = previous.y < point.y ? (previous, point) : (point, previous)
      let rows =
        max(
          Int(top.y.rounded(.up)), origin.y)..<max(
          Int(top.y.rounded(.up)), origin.y, min(Int(bottom.y.rounded(.up)), origin.y + height))
      for y in rows {
        let share = (Double(y) - top.y) / (bottom.y - top.y)
        crossings[y - origin.y].append(top.x + share * (bottom.x - top.x))
      }
      let steps = max(abs(point.x - previous.x), abs(point.y - previous.y)).rounded(.up)
      for step in 0...Int(steps) {
        let place = steps == 0 ? point : previous + (point - previous) * (Double(step) / steps)
        let pixel = SIMD2(Int(place.x.rounded()), Int(place.y.rounded())) &- origin
        if result.contains(pixel.x, pixel.y) { result[pixel.x, pixel.y] = 1 }
      }
      previous = point
    }
    result.withMutablePixels { pixels in
      for y in 0..<height {
        let sorted = crossings[y].sorted()
        for pair in stride(from: 0, to: sorted.count - 1, by: 2) {
          let from = max(0, Int(sorted[pair].rounded(.up)) - origin.x)
          let to = min(width - 1, Int(sorted[pair + 1].rounded(.down)) - origin.x)
          if from <= to { for x in from...to { pixels[y * width + x] = 1 } }
        }
      }
    }
    return result
  }
}

import Foundation

/// An ellipse in pixel coordinates, y down.
public struct Ellipse: Sendable, Hashable, Codable {
  /// The centre.
  public var center: SIMD2<Double>
  /// The half axes; the first is the longer one after `init`.
  public var semiAxes: SIMD2<Double>
  /// The angle of the longer axis from the x axis towards +y, in radians, in [0, π) after `init`.
  public var angle: Double

  /// The ellipse with these half axes, of which the longer one becomes the first.
  public init(center: SIMD2<Double>, semiAxes: SIMD2<Double>, angle: Double) {
    self.center = center
    let swapped = semiAxes.y > semiAxes.x
    self.semiAxes = swapped ? [semiAxes.y, semiAxes.x] : semiAxes
    let turned = (swapped ? angle + .pi / 2 : angle).truncatingRemainder(dividingBy: .pi)
    self.angle = turned < 0 ? turned + .pi : turned
  }

  /// The ellipse with the area and second moments of a region: its pixel count, centroid and central second moments
  /// `Σ(x−x̄)²/n`, `Σ(x−x̄)(y−ȳ)/n`, `Σ(y−ȳ)²/n`.
  public init(center: SIMD2<Double>, secondMoments xx: Double, _ xy: Double, _ yy: Double) {
    let (mean, half) = ((xx + yy) / 2, (xx - yy) / 2)
    let spread = (half * half + xy * xy).squareRoot()
    let axes = SIMD2(2 * (mean + spread).squareRoot(), 2 * max(0, mean - spread).squareRoot())
    self.init(center: center, semiAxes: axes, angle: atan2(2 * xy, xx - yy) / 2)
  }

  /// π times the product of the half axes.
  public var area: Double { .pi * semiAxes.x * semiAxes.y }

  /// The longer axis over the shorter.
  public var axisRatio: Double { semiAxes.x / semiAxes.y }

  /// Half the width and height of the upright box around it.
  public var halfExtents: SIMD2<Double> {
    let (c, s) = (cos(angle), sin(angle))
    let (a, b) = (semiAxes.x, semiAxes.y)
    return [(a * a * c * c + b * b * s * s).squareRoot(), (a * a * s * s + b * b * c * c).squareRoot()]
  }

  /// 0 at the centre, 1 on the outline: the factor by which the ellipse must be scaled to pass through `point`.
  public func normalizedRadius(_ point: SIMD2<Double>) -> Double { Frame(self).normalizedRadius(point) }

  /// The ellipse's own axes, for many points of one ellipse.
  public struct Frame: Sendable {
    @usableFromInline let center: SIMD2<Double>
    @usableFromInline let semiAxes: SIMD2<Double>
    @usableFromInline let cosine: Double
    @usableFromInline let sine: Double

    /// The axes of `ellipse`.
    public init(_ ellipse: Ellipse) {
      (center, semiAxes) = (ellipse.center, ellipse.semiAxes)
      (cosine, sine) = (cos(ellipse.angle), sin(ellipse.angle))
    }

    /// ``Ellipse/normalizedRadius(_:)``.
    @inlinable public func normalizedRadius(_ point: SIMD2<Double>) -> Double {
      let offset = point - center
      let u = (cosine * offset.x + sine * offset.y) / semiAxes.x
      let v = (cosine * offset.y - sine * offset.x) / semiAxes.y
      return (u * u + v * v).squareRoot()
    }
  }

  /// The distance from the outline to first order (Sampson), negative inside; exact for circles.
  public func signedDistance(_ point: SIMD2<Double>) -> Double {
    let (c, s) = (cos(angle), sin(angle))
    let offset = point - center
    let u = (c * offset.x + s * offset.y) / semiAxes.x
    let v = (c * offset.y - s * offset.x) / semiAxes.y
    let radius = (u * u + v * v).squareRoot()
    if radius < 1e-12 { return -semiAxes.y }
    let slope = (u * u / (semiAxes.x * semiAxes.x) + v * v / (semiAxes.y * semiAxes.y)).squareRoot()
    return (radius - 1) * radius / slope
  }

  /// The point on the outline at parameter `t`, in radians from the longer axis.
  public func point(at t: Double) -> SIMD2<Double> {
    let (c, s) = (cos(angle), sin(angle))
    let (u, v) = (semiAxes.x * cos(t), semiAxes.y * sin(t))
    return [center.x + c * u - s * v, center.y + s * u + c * v]
  }

  /// `count` points of the outline, evenly spaced in the parameter.
  public func outline(count: Int) -> Polygon {
    Polygon((0..<count).map { point(at: 2 * .pi * Double($0) / Double(count)) })
  }

  /// The ellipse with both half axes longer by `margin`.
  public func grown(by margin: Double) -> Ellipse {
    Ellipse(center: center, semiAxes: semiAxes + SIMD2(repeating: margin), angle: angle)
  }

  /// The ellipse moved by `offset`.
  public func moved(by offset: SIMD2<Double>) -> Ellipse {
    Ellipse(center: center + offset, semiAxes: semiAxes, angle: angle)
  }

  /// The pixels of row `y` whose centres lie inside: empty, or from the first to the last column.
  public func columns(inRow y: Int) -> ClosedRange<Int>? {
    let (c, s) = (cos(angle), sin(angle))
    let (a2, b2) = (semiAxes.x * semiAxes.x, semiAxes.y * semiAxes.y)
    let (xx, xy, yy) = (c * c / a2 + s * s / b2, c * s * (1 / a2 - 1 / b2), s * s / a2 + c * c / b2)
    let dy = Double(y) - center.y
    let discriminant = xy * xy * dy * dy - xx * (yy * dy * dy - 1)
    guard discriminant >= 0 else { return nil }
    let (middle, half) = (center.x - xy * dy / xx, discriminant.squareRoot() / xx)
    let (from, to) = (Int((middle - half).rounded(.up)), Int((middle + half).rounded(.down)))
    return from <= to ? from...to : nil
  }

  /// The rows it can have pixels in.
  public var rows: ClosedRange<Int> {
    let half = halfExtents.y
    let from = Int((center.y - half).rounded(.up))
    return from...max(from, Int((center.y + half).rounded(.down)))
  }

  /// Intersection over union with `other`, hidden parts included, on a grid of `step` pixels.
  public func jaccard(with other: Ellipse, step: Double = 0.25) -> Double {
    let (low, high) = (
      pointwiseMin(center - halfExtents, other.center - other.halfExtents),
      pointwiseMax(center + halfExtents, other.center + other.halfExtents)
    )
    var (both, either) = (0, 0)
    for y in stride(from: low.y, through: high.y, by: step) {
      for x in stride(from: low.x, through: high.x, by: step) {
        let (inOne, inOther) = (normalizedRadius([x, y]) <= 1, other.normalizedRadius([x, y]) <= 1)
        if inOne && inOther { both += 1 }
        if inOne || inOther { either += 1 }
      }
    }
    return either == 0 ? 0 : Double(both) / Double(either)
  }
}

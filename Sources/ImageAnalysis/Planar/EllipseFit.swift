import Foundation
import Numerics

/// Why no ellipse goes through a set of points.
public enum EllipseFitError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Five unknowns and one point to spare are the least.
  case tooFewPoints(found: Int)
  /// The points lie on a line or coincide.
  case collinear
  /// No conic through the points is a finite ellipse.
  case notAnEllipse

  /// One line: what is wrong, found vs expected.
  public var description: String {
    switch self {
    case .tooFewPoints(let found): "an ellipse needs at least 6 points, \(found) given"
    case .collinear: "the points lie on a line: no ellipse goes through them"
    case .notAnEllipse: "the best conic through the points is no finite ellipse"
    }
  }
}

/// Ellipses through points.
public enum EllipseFit {
  /// The direct least-squares ellipse: the minimum of the algebraic distance subject to `4ac − b² = 1`
  /// (Fitzgibbon, Pilu and Fisher, 1999), in the numerically stable split form of Halíř and Flusser (1998).
  ///
  /// Points are centred and scaled first. The reduced scatter matrix `T = S₁ − S₂ S₃⁻¹ S₂ᵀ` and the constraint
  /// `C₁` give `T a = λ C₁ a`; the one eigenvector with `aᵀ C₁ a > 0` is the ellipse.
  /// - Throws: `EllipseFitError` for fewer than 6 points, points on a line, or no finite ellipse.
  public static func direct(_ points: [SIMD2<Double>]) throws(EllipseFitError) -> Ellipse {
    guard points.count >= 6 else { throw .tooFewPoints(found: points.count) }
    let mean = points.reduce(.zero, +) / Double(points.count)
    var (xx, xy, yy) = (0.0, 0.0, 0.0)
    for point in points {
      let d = point - mean
      xx += d.x * d.x
      xy += d.x * d.y
      yy += d.y * d.y
    }
    let scale = ((xx + yy) / Double(points.count)).squareRoot()
    guard scale.isFinite, xx * yy - xy * xy > 1e-9 * (xx + yy) * (xx + yy) else { throw .collinear }
    // Rows of the three blocks of the scatter matrix; the fourth lane is not used.
    var quadratics: (SIMD4<Double>, SIMD4<Double>, SIMD4<Double>) = (.zero, .zero, .zero)
    var mixed = quadratics
    var linears = quadratics
    for point in points {
      let p = (point - mean) / scale
      let quadratic = SIMD4(p.x * p.x, p.x * p.y, p.y * p.y, 0)
      let linear = SIMD4(p.x, p.y, 1, 0)
      quadratics.0 += quadratic[0] * quadratic
      quadratics.1 += quadratic[1] * quadratic
      quadratics.2 += quadratic[2] * quadratic
      mixed.0 += quadratic[0] * linear
      mixed.1 += quadratic[1] * linear
      mixed.2 += quadratic[2] * linear
      linears.0 += linear[0] * linear
      linears.1 += linear[1] * linear
      linears.2 += linear
    }
    func matrix(_ rows: (SIMD4<Double>, SIMD4<Double>, SIMD4<Double>)) -> Matrix {
      Matrix([rows.0, rows.1, rows.2].map { [$0[0], $0[1], $0[2]] })
    }
    let (s1, s2, s3) = (matrix(quadratics), matrix(mixed), matrix(linears))
    let constraint = Matrix([[0, 0, 2], [0, -1, 0], [2, 0, 0]])
    guard let elimination = try? LinearAlgebra.solvePositiveDefinite(s3, s2.transposed),
      let eigen = try? LinearAlgebra.generalizedEigen(s1 - s2 * elimination, constraint)
    else { throw .collinear }
    guard let a = eigen.vectors.first(where: { 4 * $0[0] * $0[2] - $0[1] * $0[1] > 1e-12 }) else {
      throw .notAnEllipse
    }
    let linear = (elimination * Matrix(a.map { [$0] })).elements.map { -$0 }
    guard let ellipse = ellipse(conic: a + linear) else { throw .notAnEllipse }
    return Ellipse(
      center: mean + ellipse.center * scale, semiAxes: ellipse.semiAxes * scale, angle: ellipse.angle)
  }

  /// The ellipse `a x² + b xy + c y² + d x + e y + f = 0`, nil where the conic is something else.
  static func ellipse(conic: [Double]) -> Ellipse? {
    let (a, b, c, d, e, f) = (conic[0], conic[1], conic[2], conic[3], conic[4], conic[5])
    let determinant = 4 * a * c - b * b
    guard determinant > 0 else { return nil }
    let center = SIMD2((b * e - 2 * c * d) / determinant, (b * d - 2 * a * e) / determinant)
    let level = f + (d * center.x + e * center.y) / 2
    let (mean, half) = ((a + c) / 2, ((a - c) / 2 * ((a - c) / 2) + b * b / 4).squareRoot())
    // The eigenvalues of the quadratic form; both share the sign of `mean`.
    let (first, second) = (-level / (mean - half), -level / (mean + half))
    guard first > 0, second > 0, first.isFinite, second.isFinite else { return nil }
    // θ is the direction of the eigenvalue `mean + half`, whose half axis is `second`.
    let theta = atan2(b, a - c) / 2
    return Ellipse(center: center, semiAxes: [second.squareRoot(), first.squareRoot()], angle: theta)
  }
}

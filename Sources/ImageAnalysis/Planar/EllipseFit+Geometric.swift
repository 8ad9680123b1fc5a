import Foundation
import Numerics

/// What is known of an ellipse before its points are seen.
public struct EllipsePrior: Sendable, Hashable {
  /// The expected geometric mean of the half axes.
  public var radius: Double
  /// The standard deviation of the logarithm of that mean.
  public var sizeSpread: Double
  /// The standard deviation of the logarithm of the axis ratio, about 0.
  public var elongationSpread: Double

  /// Ellipses of about `radius`.
  public init(radius: Double, sizeSpread: Double, elongationSpread: Double) {
    self.radius = radius
    self.sizeSpread = sizeSpread
    self.elongationSpread = elongationSpread
  }
}

extension EllipseFit {
  /// The ellipse nearest to `points` by distance, not by algebra: the minimum of
  /// `Σ w dᵢ² / noise² + (size − prior)² / spread² + elongation² / spread²` from `start` on.
  ///
  /// `d` is the first-order distance (Sampson); `w` are Tukey's weights at 4.7 `noise`, so points of other cells do not
  /// pull. Short arcs determine a part of the ellipse only; the prior holds the rest. Levenberg-Marquardt steps.
  /// - Parameters:
  ///   - noise: The expected distance of a good point, in pixels.
  ///   - steps: At most this many.
  /// - Returns: the ellipse and the root mean square distance of its points, weighted; nil where it degenerates.
  public static func geometric(
    _ points: [SIMD2<Double>], start: Ellipse, prior: EllipsePrior, noise: Double, steps: Int
  ) -> (ellipse: Ellipse, residual: Double)? {
    guard points.count >= 3, start.semiAxes.y > 0, start.semiAxes.x.isFinite else { return nil }
    var state = State(start)
    var damping = 1e-3
    var system = NormalEquations(points, state, prior, noise)
    for _ in 0..<steps {
      guard let change = system.step(damping: damping) else { return nil }
      let next = state.moved(by: change)
      let candidate = NormalEquations(points, next, prior, noise)
      if candidate.cost.isFinite && candidate.cost <= system.cost {
        let gain = system.cost - candidate.cost
        (state, system) = (next, candidate)
        damping = max(1e-6, damping / 5)
        if gain < 1e-4 * system.cost { break }
      } else {
        damping *= 10
        if damping > 1e6 { break }
      }
    }
    guard state.logAxes.x.isFinite, state.logAxes.max() < 20, state.logAxes.min() > -5 else { return nil }
    return (state.ellipse, system.residual)
  }
}

/// Centre, logarithms of the half axes, angle.
private struct State {
  var center: SIMD2<Double>
  var logAxes: SIMD2<Double>
  var angle: Double

  init(_ ellipse: Ellipse) {
    center = ellipse.center
    logAxes = [log(ellipse.semiAxes.x), log(ellipse.semiAxes.y)]
    angle = ellipse.angle
  }

  var ellipse: Ellipse {
    Ellipse(center: center, semiAxes: [exp(logAxes.x), exp(logAxes.y)], angle: angle)
  }

  func moved(by change: [Double]) -> State {
    var result = self
    result.center += SIMD2(change[0], change[1])
    // A step may not change an axis by more than a third.
    result.logAxes += SIMD2(min(max(change[2], -0.3), 0.3), min(max(change[3], -0.3), 0.3))
    result.angle += change[4]
    return result
  }
}

/// The Gauss-Newton system of one state.
private struct NormalEquations {
  var matrix = [Double](repeating: 0, count: 25)
  var gradient = [Double](repeating: 0, count: 5)
  var cost = 0.0
  var residual = 0.0

  init(_ points: [SIMD2<Double>], _ state: State, _ prior: EllipsePrior, _ noise: Double) {
    let (c, s) = (cos(state.angle), sin(state.angle))
    let (a, b) = (exp(state.logAxes.x), exp(state.logAxes.y))
    let limit = 4.7 * noise
    var (weights, squares) = (0.0, 0.0)
    matrix.withUnsafeMutableBufferPointer { matrix in
      gradient.withUnsafeMutableBufferPointer { gradient in
        for point in points {
          let offset = point - state.center
          let (along, across) = (c * offset.x + s * offset.y, c * offset.y - s * offset.x)
          let (u, v) = (along / a, across / b)
          let radius = max((u * u + v * v).squareRoot(), 1e-9)
          let slope = max((u * u / (a * a) + v * v / (b * b)).squareRoot(), 1e-12)
          let distance = (radius - 1) * radius / slope
          let share = distance / limit
          // Tukey's biweight: its cost saturates at limit²/6.
          let inside = abs(share) < 1
          let kept = inside ? 1 - share * share : 0
          cost += limit * limit / 6 * (1 - kept * kept * kept) / (noise * noise)
          weights += kept * kept
          squares += kept * kept * distance * distance
          guard inside else { continue }
          // d ≈ (ρ − 1) / |∇ρ| with |∇ρ| = slope / ρ held fixed; ρ dρ = u du + v dv.
          let scale = 1 / slope
          let row = SIMD8<Double>(
            scale * (-u * c / a + v * s / b), scale * (-u * s / a - v * c / b), -scale * u * u,
            -scale * v * v, scale * (u * across / a - v * along / b), 0, 0, 0)
          let weight = kept * kept / (noise * noise)
          for i in 0..<5 {
            gradient[i] += weight * row[i] * distance
            for j in 0...i { matrix[i + 5 * j] += weight * row[i] * row[j] }
          }
        }
      }
    }
    residual = (squares / max(weights, 1e-9)).squareRoot()
    let size = (state.logAxes.x + state.logAxes.y) / 2 - log(prior.radius)
    let elongation = state.logAxes.x - state.logAxes.y
    let (sizeWeight, elongationWeight) = (
      1 / (prior.sizeSpread * prior.sizeSpread), 1 / (prior.elongationSpread * prior.elongationSpread)
    )
    cost += sizeWeight * size * size / 2 + elongationWeight * elongation * elongation / 2
    gradient[2] += sizeWeight * size / 2 + elongationWeight * elongation
    gradient[3] += sizeWeight * size / 2 - elongationWeight * elongation
    matrix[2 + 5 * 2] += sizeWeight / 4 + elongationWeight
    matrix[3 + 5 * 3] += sizeWeight / 4 + elongationWeight
    matrix[3 + 5 * 2] += sizeWeight / 4 - elongationWeight
    for i in 0..<5 { for j in 0..<i { matrix[j + 5 * i] = matrix[i + 5 * j] } }
  }

  /// The Levenberg-Marquardt step.
  func step(damping: Double) -> [Double]? {
    var (left, right) = (Matrix(rows: 5, columns: 5), Matrix(rows: 5, columns: 1))
    left.elements = matrix
    for i in 0..<5 {
      left[i, i] += damping * matrix[i + 5 * i] + 1e-9
      right[i, 0] = -gradient[i]
    }
    return (try? LinearAlgebra.solvePositiveDefinite(left, right))?.elements
  }
}

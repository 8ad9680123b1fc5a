import Foundation
import Imaging
import Numerics

/// A density without time: the interval and PET terms of the last slice with a penalty on the curvature of the field where
/// tissue lets cells through. A baseline that knows the scan and the anatomy but no growth.
///
/// Minimises mean(W²·violation²) + w·mean((L₁u)²) over one slice by Adam, with L₁ the diffusion operator of D = R = 1; thresholds
/// 0.2 and 0.6, learning rate, steps and w are those of "lightweight optimisation" (LOTI, arXiv 2412.13811), whose soft-Dice and
/// front-steepness terms are not reproduced: no public description gives them in full.
public struct StaticField: Sendable {
  /// Steps.
  public var iterations = 500
  /// Learning rate.
  public var rate = 0.01
  /// Weight of the smoothness of the diffusion.
  public var smoothness = 1000.0

  /// The default baseline.
  public init() {}

  /// Fit `problem` from the last slice of `start`. Throws ``GliomaError`` and what `progress` throws.
  public func solve(
    _ problem: GrowthProblem, start: SeedingRun, progress: SolverProgress = { _, _ in }
  ) throws -> GrowthSolution {
    let clock = ContinuousClock()
    let begin = clock.now
    let last = problem.grid.slices - 1
    let shape = problem.grid.shape
    var p = start.parameters
    p.upperThreshold = 0.6
    p.lowerThreshold = 0.2
    let unit = problem.diffusion.combined(diffusivity: 1, ratio: 1)
    let transposed = unit.transposed()
    let work = SpaceTimeField(slices: 6, shape: shape)
    let (u, image, back, gradient, m, v) = (work[0], work[1], work[2], work[3], work[4], work[5])
    let seed = start.field.slice(last)
    for cell in seed.indices { u[cell] = seed[cell] }
    var history: [GrowthSolution.Row] = []
    let cells = Double(shape.count)
    for iteration in 0..<iterations {
      let rows = ObservationRows(problem, u, p)
      unit.apply(u, image, 0..<work.pitch)
      transposed.apply(image, back, 0..<work.pitch)
      var smooth = 0.0
      for cell in 0..<shape.count {
        smooth += Double(image[cell]) * Double(image[cell])
        var slope = 2 * smoothness * Double(back[cell]) + 2 * rows.weights[cell] * rows.errors[cell]
        if rows.weights.count > shape.count {
          slope += 2 * rows.weights[shape.count + cell] * rows.errors[shape.count + cell]
        }
        gradient[cell] = Float(slope / cells)
      }
      AdamStep(rate: rate, count: iteration + 1).apply(
        u, gradient, m, v, to: u, count: work.pitch)
      for cell in 0..<shape.count { u[cell] = min(max(u[cell], 0), 1) }
      guard iteration % 50 == 0 || iteration == iterations - 1 else { continue }
      var terms = LossTerms()
      terms.dataLow = rows.value / cells
      terms.residual = smoothness * smooth / cells
      guard terms.total.isFinite else { throw GliomaError.diverged("the static field is not finite") }
      history.append(
        .init(
          phase: "static", iteration: iteration,
          seconds: (clock.now - begin) / .seconds(1), terms: terms))
      try progress("static", Double(iteration) / Double(iterations))
    }
    let density = work.slice(0)
    return GrowthSolution(
      parameters: p, density: density, snapshots: [density], terms: history.last?.terms ?? LossTerms(),
      history: history, covariance: nil)
  }
}

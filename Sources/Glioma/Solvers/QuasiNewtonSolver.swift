import Foundation
import Imaging
import Numerics

/// L-BFGS on the density and the coefficients of the discrete loss.
public enum QuasiNewtonSolver {
  /// Minimise from `seed` with at most `iterations` steps. Throws ``GliomaError`` and what `progress` throws.
  public static func solve(
    _ problem: GrowthProblem, seed: SeedingRun, iterations: Int, progress: SolverProgress = { _, _ in }
  ) throws -> GrowthSolution {
    let clock = ContinuousClock()
    let begin = clock.now
    let loss = DiscreteLoss(problem)
    let cells = problem.grid.shape.count
    let slices = problem.grid.slices
    let field = seed.field
    let gradientField = SpaceTimeField(slices: slices, shape: problem.grid.shape)
    let count = seed.parameters.coefficients.count
    // The coefficients weigh like a thousand cells, so that one step length suits both.
    let scale = 1e-3 * Double(problem.grid.cellCount).squareRoot()
    func unpack(_ x: [Float]) -> GrowthParameters {
      for k in 0..<slices { field.setSlice(k, to: Array(x[k * cells..<(k + 1) * cells])) }
      let c = x.suffix(count).map { Double($0) / scale }
      return GrowthParameters(coefficients: c)
    }
    var start = (0..<slices).flatMap { field.slice($0) }
    start += seed.parameters.coefficients.map { Float($0 * scale) }
    var history: [GrowthSolution.Row] = []
    var latest = LossTerms()
    let solution = try LimitedMemoryBFGS(memory: 5, iterations: iterations).minimize(
      start,
      evaluate: { x, gradient in
        let result = loss.terms(of: field, parameters: unpack(x), gradient: gradientField)
        for k in 0..<slices {
          let slice = gradientField[k]
          for cell in 0..<cells { gradient[k * cells + cell] = slice[cell] }
        }
        for index in 0..<count {
          gradient[slices * cells + index] = Float(result.coefficients[index] / scale)
        }
        latest = result.terms
        return result.terms.total
      },
      progress: { iteration, value in
        guard value.isFinite else {
          throw GliomaError.diverged("the loss is not finite at iteration \(iteration)")
        }
        let seconds = (clock.now - begin) / .seconds(1)
        history.append(.init(phase: "lbfgs", iteration: iteration, seconds: seconds, terms: latest))
        try progress("lbfgs", Double(iteration) / Double(max(iterations, 1)))
        return true
      })
    let parameters = unpack(solution)
    let terms = loss.terms(of: field, parameters: parameters)
    return GrowthSolution(
      parameters: parameters, density: field.slice(slices - 1),
      snapshots: GrowthSolution.snapshots(of: field),
      terms: terms, history: history, covariance: nil)
  }
}

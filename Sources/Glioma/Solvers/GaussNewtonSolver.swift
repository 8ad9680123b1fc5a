import Foundation
import Imaging
import Numerics

/// The default solver: strong-constraint fits from several starts on a coarse grid, the best one refined on the full
/// grid, then Gauss–Newton on the discrete loss with the density free.
public struct GaussNewtonSolver: Sendable {
  /// Knowledge about the parameters.
  public var prior = ParameterPrior()
  /// When the last phase stops.
  public var stopping = WeakConstraint.Stopping()
  /// Levenberg–Marquardt steps on the coarse grid and on the full one.
  public var coarseSteps = 12, fineSteps = 4
  /// Stop after the strong-constraint fit.
  public var isStrongOnly = false
  /// Least improvement of the objective, in relation to its value, that justifies further foci.
  public var focusGain = 0.25

  /// The default solver.
  public init() {}

  /// Solve `problem` whose core has the parts `components` and the cells `core` (mm from the box corner). Throws
  /// ``GliomaError`` and what `progress` throws.
  public func solve(
    _ problem: GrowthProblem, components: [SIMD3<Double>], core: [SIMD3<Double>],
    progress: SolverProgress = { _, _ in }
  ) throws -> GrowthSolution {
    let clock = ContinuousClock()
    let begin = clock.now
    func seconds() -> Double {
      let d = begin.duration(to: clock.now).components
      return Double(d.seconds) + Double(d.attoseconds) * 1e-18
    }
    let coarse = problem.grid.shape.count > 20_000 ? problem.coarsened() : problem
    let dataScale = Double(problem.grid.shape.count) / Double(coarse.grid.shape.count)
    try progress("coarse fit", 0.02)
    let best = fitFromAllStarts(coarse, dataScale, components: components, core: core)
    guard best.parameters.coefficients.allSatisfy(\.isFinite) else {
      throw GliomaError.diverged("no finite fit")
    }
    try progress("fine fit", 0.25)
    let field = SpaceTimeField(slices: problem.grid.slices, shape: problem.grid.shape)
    let isParallel = problem.grid.shape.count > 20_000
    let loss = DiscreteLoss(problem)
    var history: [GrowthSolution.Row] = []
    let strong = StrongConstraint(
      problem, start: best.parameters, prior: prior, iterations: coarse === problem ? 0 : fineSteps,
      isParallel: isParallel, center: best.center, into: field)
    history.append(
      .init(
        phase: "strong", iteration: best.steps + strong.steps, seconds: seconds(),
        terms: loss.terms(of: field, parameters: strong.parameters)))
    var (parameters, terms) = (strong.parameters, history[0].terms)
    let hessian = strong.hessian.isEmpty ? best.hessian : strong.hessian
    if !isStrongOnly {
      try progress("gauss-newton", 0.4)
      let weak = WeakConstraint(
        problem, start: strong.parameters, prior: prior, center: best.center, isParallel: isParallel,
        field: field)
      var interruption: (any Error)?
      weak.run(stopping) { iterate in
        history.append(
          .init(
            phase: "gauss-newton", iteration: iterate.step, seconds: seconds(), terms: iterate.terms))
        let share = Double(iterate.step) / Double(max(stopping.outerSteps, 1))
        do { try progress("gauss-newton", 0.4 + 0.55 * share) } catch { interruption = error }
      }
      if let interruption { throw interruption }
      parameters = weak.parameters
      if let last = weak.history.last { terms = last.terms }
    }
    guard terms.total.isFinite else { throw GliomaError.diverged("the loss is not finite") }
    return GrowthSolution(
      parameters: parameters, density: field.slice(problem.grid.slices - 1),
      snapshots: GrowthSolution.snapshots(of: field), terms: terms, history: history,
      covariance: GaussNewtonSolver.covariance(hessian, parameters))
  }

  private struct Fit: Sendable {
    var parameters: GrowthParameters
    var center: GrowthParameters
    var objective: Double
    var hessian: [Double]
    var steps: Int
  }

  private func fitFromAllStarts(
    _ problem: GrowthProblem, _ dataScale: Double, components: [SIMD3<Double>], core: [SIMD3<Double>]
  ) -> Fit {
    let sets = StartingPoints.foci(components: components, core: core)
    let rates = StartingPoints.rates(problem)
    var starts: [GrowthParameters] = []
    for foci in sets {
      for rate in foci.count == 1 ? rates : [rates[1]] {
        var p = GrowthParameters(
          foci: foci, diffusivity: rate.diffusivity, proliferationRate: rate.proliferation)
        p.diffusivityRatio = 30
        p.upperThreshold = prior.upperThreshold[0]
        p.lowerThreshold = prior.lowerThreshold[0]
        p.petSlope = prior.petSlope[0]
        p.petBackground = prior.petBackground[0]
        starts.append(p.clampedToBounds)
      }
    }
    let fits = Parallel.mapSlabs(of: 0..<starts.count, count: starts.count) { [starts] slab -> [Fit] in
      slab.map { index in
        let work = SpaceTimeField(slices: problem.grid.slices, shape: problem.grid.shape)
        let fit = StrongConstraint(
          problem, start: starts[index], prior: prior, iterations: coarseSteps, isParallel: false,
          dataScale: dataScale, into: work)
        return Fit(
          parameters: fit.parameters, center: starts[index], objective: fit.objective, hessian: fit.hessian,
          steps: fit.steps)
      }
    }.flatMap { $0 }
    // More foci always fit better; they must pay for themselves.
    func cost(_ fit: Fit) -> Double {
      fit.objective.isFinite
        ? fit.objective * (fit.parameters.foci.count > 1 ? 1 + focusGain : 1) : .infinity
    }
    return fits.min { cost($0) < cost($1) } ?? fits[0]
  }

  /// The inverse of the Gauss–Newton Hessian; coordinates the data do not move get their prior's variance only.
  static func covariance(_ hessian: [Double], _ parameters: GrowthParameters) -> [Double]? {
    let n = ParameterVector(parameters).count
    guard hessian.count == n * n else { return nil }
    var regular = hessian
    let scales = ParameterVector.stepScales(foci: parameters.foci.count)
    for j in 0..<n where regular[j * n + j] <= 1e-9 { regular[j * n + j] = 1 / (scales[j] * scales[j]) }
    for j in 0..<n { regular[j * n + j] *= 1 + 1e-9 }
    return NormalEquations.inverse(regular, order: n)
  }
}

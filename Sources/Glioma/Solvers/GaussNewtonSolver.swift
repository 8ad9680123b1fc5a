import Foundation
import Imaging
import Numerics

/// The default solver: strong-constraint fits from several starts on a coarse grid, the best one refined on the full
/// grid, then Gauss–Newton on the discrete loss with the density free, first on the coarse grid, then on the full one from
/// there (incremental 4D-Var, Courtier et al., 1994).
public struct GaussNewtonSolver: Sendable {
  /// Knowledge about the parameters.
  public var prior = ParameterPrior()
  /// When the last phase stops.
  public var stopping = WeakConstraint.Stopping()
  /// Levenberg–Marquardt steps on the coarse grid and on the full one.
  public var coarseSteps = 12, fineSteps = 3
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
    let begin = ContinuousClock.now
    func seconds() -> Double { (.now - begin) / .seconds(1) }
    let cells = problem.grid.shape.count
    let coarse = cells > GaussNewtonSolver.coarseAbove ? problem.coarsened() : problem
    let isParallel = cells > GaussNewtonSolver.parallelAbove
    let dataScale = Double(problem.grid.cellCount) / Double(coarse.grid.cellCount)
    try progress("coarse fit", 0.02)
    let best = MultiStart(problem: coarse, prior: prior, dataScale: dataScale, focusGain: focusGain)
      .best(components: components, core: core, steps: coarseSteps)
    guard best.parameters.coefficients.allSatisfy(\.isFinite) else {
      throw GliomaError.diverged("no finite fit")
    }
    try progress("fine fit", 0.25)
    let field = SpaceTimeField(slices: problem.grid.slices, shape: problem.grid.shape)
    let strong = StrongConstraint(
      problem, start: best.parameters, prior: prior, iterations: coarse === problem ? 0 : fineSteps,
      isParallel: isParallel, center: best.center, into: field)
    var terms = DiscreteLoss(problem).terms(of: field, parameters: strong.parameters)
    var history = [
      GrowthSolution.Row(
        phase: "strong", iteration: best.steps + strong.steps, seconds: seconds(), terms: terms)
    ]
    var parameters = strong.parameters
    if !isStrongOnly {
      try progress("gauss-newton", 0.5)
      let weak = weakConstraint(problem, coarse, strong, dataScale, field, isParallel)
      var interruption: (any Error)?
      weak.run(stopping, loss: terms.total) { iterate in
        history.append(
          .init(phase: "gauss-newton", iteration: iterate.step, seconds: seconds(), terms: iterate.terms))
        let share = Double(iterate.step) / Double(max(stopping.outerSteps, 1))
        do { try progress("gauss-newton", 0.5 + 0.45 * share) } catch { interruption = error }
      }
      if let interruption { throw interruption }
      parameters = weak.parameters
      if let last = weak.history.last { terms = last.terms }
    }
    guard terms.total.isFinite else { throw GliomaError.diverged("the loss is not finite") }
    return GrowthSolution(
      parameters: parameters, density: field.slice(problem.grid.slices - 1),
      snapshots: GrowthSolution.snapshots(of: field), terms: terms, history: history,
      covariance: GaussNewtonSolver.covariance(
        strong.hessian.isEmpty ? best.hessian : strong.hessian, parameters, errorsTogether: prior.weight))
  }

  /// Above this number of cells the starts are fitted on a grid of half as many cells along each axis.
  private static let coarseAbove = 10_000
  /// Above this number of cells a sweep is shared by the cores.
  private static let parallelAbove = 20_000

  /// The weak-constraint problem on the full grid, from the coarse grid's solution where that is the better start.
  ///
  /// What the strong fit found is from here on the knowledge about the parameters: it has seen the borders between voxels, which
  /// the published loss has not, and without them the prior's own means would draw the flank back.
  private func weakConstraint(
    _ problem: GrowthProblem, _ coarse: GrowthProblem, _ strong: StrongConstraint, _ dataScale: Double,
    _ field: SpaceTimeField, _ isParallel: Bool
  ) -> WeakConstraint {
    let prior = prior.around(strong.parameters)
    func fromStrong() -> WeakConstraint {
      WeakConstraint(
        problem, start: strong.parameters, prior: prior, isParallel: isParallel, field: field)
    }
    let rows = ObservationRows(problem, field[field.slices - 1], strong.parameters)
    guard coarse !== problem, rows.discrepancy >= stopping.discrepancy else { return fromStrong() }
    var coarsePrior = prior
    coarsePrior.weight /= dataScale
    let small = WeakConstraint(
      coarse, start: strong.parameters, prior: coarsePrior, isParallel: false,
      field: SpaceTimeField(slices: coarse.grid.slices, shape: coarse.grid.shape))
    small.run(stopping)
    guard let forcing = small.forcing.refined(to: problem) else { return fromStrong() }
    let plain = fromStrong().objective
    let weak = WeakConstraint(
      problem, start: small.parameters, prior: prior, center: strong.parameters, forcing: forcing,
      isParallel: isParallel, field: field)
    return weak.objective < plain ? weak : fromStrong()
  }

  /// The inverse of the Gauss–Newton Hessian for data of which `errorsTogether` cells err as one (the prior's weight, so that a
  /// coordinate the data do not move keeps its prior's variance).
  static func covariance(
    _ hessian: [Double], _ parameters: GrowthParameters, errorsTogether: Double
  ) -> [Double]? {
    let n = ParameterVector(parameters).count
    guard hessian.count == n * n else { return nil }
    var regular = hessian
    let scales = ParameterVector.stepScales(foci: parameters.foci.count)
    for j in 0..<n where regular[j * n + j] <= 1e-9 { regular[j * n + j] = 1 / (scales[j] * scales[j]) }
    for j in 0..<n { regular[j * n + j] *= 1 + 1e-9 }
    return NormalEquations.inverse(regular, order: n)?.map { $0 * max(errorsTogether, 1) }
  }
}

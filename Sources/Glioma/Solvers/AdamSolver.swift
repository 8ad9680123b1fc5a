import Foundation
import Imaging
import Numerics

/// The published optimiser: Adam on the multigrid decomposition of the density and on the ten coefficients, one learning
/// rate for all. One epoch streams the slices once: synthesis, loss, gradient, restriction and update together.
public final class AdamSolver {
  /// How the learning rate runs.
  public enum Schedule: String, Sendable, Codable, CaseIterable {
    /// Constant, as published.
    case constant
    /// Half a cosine from the initial rate to 1e-5, which removes the floor a constant rate leaves.
    case cosine
  }

  /// The density is the sum of these levels.
  private let decomposition: MultigridDecomposition
  private let problem: GrowthProblem
  private let stream: LossStream
  private let ring: SpaceTimeField
  private let gradient: SpaceTimeField
  private let moments: [(m: SpaceTimeField, v: SpaceTimeField)]
  private var coefficients: [Double]
  private var first: [Double]
  private var second: [Double]
  private var count = 0

  /// Start from `seed` (taken over and overwritten) and `parameters`.
  public init(_ problem: GrowthProblem, seed: SpaceTimeField, parameters: GrowthParameters) {
    self.problem = problem
    decomposition = MultigridDecomposition(seed)
    stream = LossStream(problem)
    ring = SpaceTimeField(slices: 4, shape: problem.grid.shape)
    gradient = SpaceTimeField(slices: 1, shape: problem.grid.shape)
    moments = decomposition.levels.map {
      (SpaceTimeField(slices: $0.slices, shape: $0.shape), SpaceTimeField(slices: $0.slices, shape: $0.shape))
    }
    coefficients = parameters.coefficients
    first = Array(repeating: 0, count: coefficients.count)
    second = first
  }

  /// The parameters now.
  public var parameters: GrowthParameters { GrowthParameters(coefficients: coefficients) }

  /// The learning rate of epoch `epoch` of `epochs`.
  public static func rate(_ schedule: Schedule, _ initial: Double, epoch: Int, of epochs: Int) -> Double {
    guard schedule == .cosine else { return initial }
    let share = Double(epoch) / Double(max(epochs, 1))
    return 1e-5 + (initial - 1e-5) * 0.5 * (1 + cos(Double.pi * share))
  }

  /// One epoch at learning rate `rate`; the loss is that before the step.
  public func epoch(rate: Double) -> LossTerms {
    count += 1
    let step = AdamStep(rate: rate, count: count)
    let (decomposition, ring, target) = (decomposition, ring, gradient)
    let (m, v) = moments[0]
    decomposition.begin()
    let result = stream.run(
      parameters,
      LossStream.Access(
        density: { ring[$0 & 3] }, gradient: { _ in target[0] },
        prepare: { decomposition.prepare($0, to: ring[$0 & 3]) },
        consume: { k in
          decomposition.consume(k, gradient: target[0])
          AdamSolver.update(decomposition.levels[0], target[0], m, v, slice: k, step)
        }))
    decomposition.finish()
    for level in decomposition.levels.indices.dropFirst() {
      let field = decomposition.levels[level]
      let (m, v) = moments[level]
      for k in 0..<field.slices {
        AdamSolver.update(field, decomposition.gradients[level][k], m, v, slice: k, step)
      }
    }
    // The coefficients act by magnitude.
    let signed = zip(result.gradient, coefficients).enumerated().map { index, pair in
      (2...4).contains(index) || index >= 10 ? pair.0 : pair.1 < 0 ? -pair.0 : pair.0
    }
    step.apply(&coefficients, signed, &first, &second)
    return result.terms
  }

  private static func update(
    _ field: SpaceTimeField, _ gradient: UnsafeMutablePointer<Float>, _ m: SpaceTimeField,
    _ v: SpaceTimeField,
    slice: Int, _ step: AdamStep
  ) {
    let block = LossStream.block
    let pitch = field.pitch
    nonisolated(unsafe) let (x, g, m, v) = (field[slice], gradient, m[slice], v[slice])
    Parallel.forEachSlab(of: 0..<(pitch + block - 1) / block) { slab in
      let start = slab.lowerBound * block
      let length = min(slab.upperBound * block, pitch) - start
      step.apply(x + start, g + start, m + start, v + start, count: length)
    }
  }

  /// The density now: the levels summed into the finest, which from then on holds it alone. Ends the optimisation.
  public func field() -> SpaceTimeField {
    decomposition.begin()
    let finest = decomposition.levels[0]
    for k in 0..<finest.slices { decomposition.prepare(k, to: finest[k]) }
    for level in decomposition.levels.dropFirst() { level.clear() }
    return finest
  }
}

extension AdamSolver {
  /// The published optimisation from `seed`, whose field is overwritten. The loss is recorded every hundredth of the
  /// epochs. Throws ``GliomaError`` when it diverges and what `progress` throws.
  public static func solve(
    _ problem: GrowthProblem, seed: SeedingRun, epochs: Int, rate: Double, schedule: Schedule,
    progress: SolverProgress = { _, _ in }
  ) throws -> GrowthSolution {
    let clock = ContinuousClock()
    let begin = clock.now
    func seconds() -> Double {
      let d = begin.duration(to: clock.now).components
      return Double(d.seconds) + Double(d.attoseconds) * 1e-18
    }
    let solver = AdamSolver(problem, seed: seed.field, parameters: seed.parameters)
    var history: [GrowthSolution.Row] = []
    let every = max(epochs / 100, 1)
    for epoch in 0..<epochs {
      let terms = solver.epoch(rate: AdamSolver.rate(schedule, rate, epoch: epoch, of: epochs))
      guard terms.total.isFinite else {
        throw GliomaError.diverged("the loss is not finite at epoch \(epoch)")
      }
      guard epoch % every == 0 else { continue }
      history.append(.init(phase: "adam", iteration: epoch, seconds: seconds(), terms: terms))
      try progress("adam", Double(epoch) / Double(epochs))
    }
    let field = solver.field()
    let terms = DiscreteLoss(problem).terms(of: field, parameters: solver.parameters)
    history.append(.init(phase: "adam", iteration: epochs, seconds: seconds(), terms: terms))
    return GrowthSolution(
      parameters: solver.parameters, density: field.slice(problem.grid.slices - 1),
      snapshots: GrowthSolution.snapshots(of: field), terms: terms, history: history, covariance: nil)
  }
}

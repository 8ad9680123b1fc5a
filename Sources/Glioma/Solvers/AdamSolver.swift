import Foundation
import Imaging
import Numerics

/// The published optimiser: Adam on the multigrid decomposition of the density and on the ten coefficients, one learning
/// rate for all. One epoch is one pass over the unknowns: synthesis, loss, gradient, restriction and step together.
public final class AdamSolver {
  /// How the learning rate runs.
  public enum Schedule: String, Sendable, Codable, CaseIterable {
    /// Constant, as published.
    case constant
    /// Half a cosine from the initial rate to 1e-5, which removes the floor a constant rate leaves.
    case cosine
  }

  /// The density is the sum of the finest level and these.
  private let decomposition: MultigridDecomposition
  private let stream: LossStream
  private var finest: AlternatingPlanes
  /// Of each level, the finest first.
  private let moments: [Moments]
  private var coefficients: [Double]
  private var first: [Double]
  private var second: [Double]
  private var count = 0

  private struct Moments {
    let m: SpaceTimeField
    let v: SpaceTimeField

    init(like level: SpaceTimeField) {
      m = SpaceTimeField(slices: level.slices, shape: level.shape)
      v = SpaceTimeField(slices: level.slices, shape: level.shape)
    }
  }

  /// Start from `seed` (taken over and overwritten) and `parameters`.
  public init(_ problem: GrowthProblem, seed: SpaceTimeField, parameters: GrowthParameters) {
    decomposition = MultigridDecomposition(slices: seed.slices, shape: seed.shape)
    stream = LossStream(problem)
    finest = AlternatingPlanes(seed, shared: stream.sharedPlanes)
    moments = ([seed] + decomposition.coarse).map { Moments(like: $0) }
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
    let (decomposition, finest, fine) = (decomposition, finest, moments[0])
    let plane = finest.field.shape.x * finest.field.shape.y
    decomposition.begin()
    let result = stream.run(
      parameters,
      LossStream.Access(
        density: { k, z, out in decomposition.density(finest.current(k, z), slice: k, plane: z, to: out) },
        gradient: { k, z, gradient in
          decomposition.restrict(gradient, slice: k, plane: z)
          step.apply(
            finest.current(k, z), gradient, fine.m[k] + z * plane, fine.v[k] + z * plane,
            to: finest.next(k, z), count: plane)
        }))
    self.finest.turn()
    decomposition.finish()
    for (level, (values, gradient)) in zip(decomposition.coarse, decomposition.gradients).enumerated() {
      let (m, v) = (moments[level + 1].m, moments[level + 1].v)
      Parallel.forEachSlab(of: 0..<values.slices) { slab in
        for k in slab {
          step.apply(values[k], gradient[k], m[k], v[k], to: values[k], count: values.pitch)
        }
      }
    }
    // The coefficients act by magnitude.
    let signed = zip(result.gradient, coefficients).enumerated().map { index, pair in
      (2...4).contains(index) || index >= 10 ? pair.0 : pair.1 < 0 ? -pair.0 : pair.0
    }
    step.apply(&coefficients, signed, &first, &second)
    return result.terms
  }

  /// The density now: the levels summed into the finest, which from then on holds it alone. Ends the optimisation.
  public func field() -> SpaceTimeField {
    decomposition.begin()
    let (decomposition, finest) = (decomposition, finest)
    let (field, plane) = (finest.field, finest.field.shape.x * finest.field.shape.y)
    Parallel.forEachSlab(of: 0..<field.slices) { slab in
      for k in slab {
        for z in 0..<field.shape.z {
          decomposition.density(finest.current(k, z), slice: k, plane: z, to: field[k] + z * plane)
        }
      }
    }
    for level in decomposition.coarse { level.clear() }
    return field
  }
}

extension AdamSolver {
  /// The published optimisation from `seed`, whose field is overwritten. The loss is recorded every hundredth of the
  /// epochs. Throws ``GliomaError`` when it diverges and what `progress` throws.
  public static func solve(
    _ problem: GrowthProblem, seed: SeedingRun, epochs: Int, rate: Double, schedule: Schedule,
    progress: SolverProgress = { _, _ in }
  ) throws -> GrowthSolution {
    let begin = ContinuousClock.now
    func seconds() -> Double { (.now - begin) / .seconds(1) }
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

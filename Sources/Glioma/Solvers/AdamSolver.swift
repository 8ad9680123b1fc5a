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
  private var finest: Level
  private let coarse: [Level]
  private var coefficients: [Double]
  private var first: [Double]
  private var second: [Double]
  private var count = 0

  /// Unknowns and their moments. The finest has two copies of the unknowns: a block reads what its neighbour may have
  /// stepped already.
  private struct Level {
    var values: SpaceTimeField
    var stepped: SpaceTimeField
    let m: SpaceTimeField
    let v: SpaceTimeField

    init(_ values: SpaceTimeField, stepped: SpaceTimeField) {
      self.values = values
      self.stepped = stepped
      m = SpaceTimeField(slices: values.slices, shape: values.shape)
      v = SpaceTimeField(slices: values.slices, shape: values.shape)
    }
  }

  /// Start from `seed` (taken over and overwritten) and `parameters`.
  public init(_ problem: GrowthProblem, seed: SpaceTimeField, parameters: GrowthParameters) {
    decomposition = MultigridDecomposition(slices: seed.slices, shape: seed.shape)
    stream = LossStream(problem)
    finest = Level(seed, stepped: SpaceTimeField(slices: seed.slices, shape: seed.shape))
    coarse = decomposition.coarse.map { Level($0, stepped: $0) }
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
    let (decomposition, level) = (decomposition, finest)
    let plane = level.values.shape.x * level.values.shape.y
    decomposition.begin()
    let result = stream.run(
      parameters,
      LossStream.Access(
        density: { k, z, out in decomposition.density(level.values, slice: k, plane: z, to: out) },
        gradient: { k, z, gradient in
          decomposition.restrict(gradient, slice: k, plane: z)
          let start = z * plane
          step.apply(
            level.values[k] + start, gradient, level.m[k] + start, level.v[k] + start,
            to: level.stepped[k] + start, count: plane)
        }))
    (finest.values, finest.stepped) = (finest.stepped, finest.values)
    decomposition.finish()
    for (level, gradient) in zip(coarse, decomposition.gradients) {
      Parallel.forEachSlab(of: 0..<level.values.slices) { slab in
        for k in slab {
          step.apply(
            level.values[k], gradient[k], level.m[k], level.v[k], to: level.stepped[k],
            count: level.values.pitch)
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
    let (decomposition, level) = (decomposition, finest)
    let (planes, plane) = (level.values.shape.z, level.values.shape.x * level.values.shape.y)
    Parallel.forEachSlab(of: 0..<level.values.slices) { slab in
      for k in slab {
        for z in 0..<planes {
          decomposition.density(level.values, slice: k, plane: z, to: level.stepped[k] + z * plane)
        }
      }
    }
    for level in coarse { level.values.clear() }
    (finest.values, finest.stepped) = (finest.stepped, finest.values)
    return finest.values
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

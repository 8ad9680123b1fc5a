import Imaging
import Numerics

/// Strong-constraint fits from several starting points: all of them for a few steps, the most promising ones to the end.
struct MultiStart: Sendable {
  /// A fit and where it started.
  struct Fit: Sendable {
    var parameters: GrowthParameters
    /// The point around which the prior of rates and foci stands: the same rates whichever the fit started from.
    var center: GrowthParameters
    var objective: Double
    var hessian: [Double]
    var steps: Int
  }

  let problem: GrowthProblem
  let prior: ParameterPrior
  /// Weight of the data, so that a coarse grid weighs them as the fine one does against the prior.
  let dataScale: Double
  /// Least improvement of the objective, in relation to its value, that justifies further foci.
  let focusGain: Double

  /// Steps of the first round.
  static let screeningSteps = 4

  /// The best fit after at most `steps` Levenberg–Marquardt steps.
  func best(components: [SIMD3<Double>], core: [SIMD3<Double>], steps: Int) -> Fit {
    let first = starts(components, core)
    let screened = refine(first, steps: min(MultiStart.screeningSteps, steps)).sorted { cost($0) < cost($1) }
    let chosen = refine(finalists(screened), steps: max(steps - MultiStart.screeningSteps, 0))
    return chosen.min { cost($0) < cost($1) } ?? screened[0]
  }

  /// The best of each number of foci: fits with as many mostly end in the same place.
  private func finalists(_ sorted: [Fit]) -> [Fit] {
    var counts: Set<Int> = []
    return sorted.filter { counts.insert($0.parameters.foci.count).inserted }
  }

  /// More foci always fit better; they must pay for themselves.
  private func cost(_ fit: Fit) -> Double {
    guard fit.objective.isFinite else { return .infinity }
    return fit.objective * (fit.parameters.foci.count > 1 ? 1 + focusGain : 1)
  }

  private func refine(_ fits: [Fit], steps: Int) -> [Fit] {
    guard steps > 0 else { return fits }
    return Parallel.mapSlabs(of: 0..<fits.count, count: fits.count) { slab -> [Fit] in
      slab.map { index in
        let work = SpaceTimeField(slices: problem.grid.slices, shape: problem.grid.shape)
        let fit = StrongConstraint(
          problem, start: fits[index].parameters, prior: prior, iterations: steps, isParallel: false,
          dataScale: dataScale, center: fits[index].center, into: work)
        return Fit(
          parameters: fit.parameters, center: fits[index].center, objective: fit.objective,
          hessian: fit.hessian, steps: fits[index].steps + fit.steps)
      }
    }.flatMap { $0 }
  }

  private func starts(_ components: [SIMD3<Double>], _ core: [SIMD3<Double>]) -> [Fit] {
    StartingPoints.foci(components: components, core: core).flatMap { foci -> [Fit] in
      let points = StartingPoints.rates(
        problem, foci: foci, thresholds: (prior.upperThreshold[0], prior.lowerThreshold[0])
      ).map { rate in
        var p = GrowthParameters(
          foci: foci, diffusivity: rate.diffusivity, proliferationRate: rate.proliferation)
        p.diffusivityRatio = Double(StartingPoints.ratio)
        p.upperThreshold = prior.upperThreshold[0]
        p.lowerThreshold = prior.lowerThreshold[0]
        p.petSlope = prior.petSlope[0]
        p.petBackground = prior.petBackground[0]
        return p.clampedToBounds
      }
      return (foci.count == 1 ? points : [points[1]]).map {
        Fit(parameters: $0, center: points[1], objective: .infinity, hessian: [], steps: 0)
      }
    }
  }
}

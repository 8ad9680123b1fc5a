import Foundation
import Imaging
import Numerics

/// The strong-constraint fit: the density obeys the equation exactly, and only the parameters move.
///
/// Levenberg–Marquardt on the interval and PET terms, also at the voxels of the borders, plus the prior, with tangent sweeps for the columns of the
/// Jacobian. This is the reduced-space limit of the discrete loss for infinite weight of the equation.
public struct StrongConstraint: Sendable {
  /// The fitted parameters.
  public private(set) var parameters: GrowthParameters
  /// N times the data part of the loss, plus border voxels and prior.
  public private(set) var objective: Double
  /// N times the data part of the loss alone.
  public private(set) var dataMisfit: Double
  /// The Gauss–Newton Hessian of half the objective, in the coordinates of `ParameterVector`, row by row.
  public private(set) var hessian: [Double] = []
  /// Accepted steps.
  public private(set) var steps = 0

  /// Fit `problem` from `start` with at most `iterations` steps; `u` receives the fitted density.
  ///
  /// `dataScale` multiplies the data terms, so that a coarse grid weighs them as the fine one does against the prior.
  public init(
    _ problem: GrowthProblem, start: GrowthParameters, prior: ParameterPrior, iterations: Int,
    isParallel: Bool, dataScale: Double = 1, center: GrowthParameters? = nil, into u: SpaceTimeField
  ) {
    let timeStep = problem.grid.timeStep
    let integrator = CrankNicolson(problem, parameters: start, isParallel: isParallel)
    let (precision, mean) = prior.precisions(start: ParameterVector(center ?? start))
    var point = ParameterVector(ParameterVector(start).parameters(timeStep: timeStep))
    let last = problem.grid.slices - 1
    let borders = BorderRows(problem)
    struct Evaluation {
      var rows: ObservationRows
      var violations: [BorderRows.Violation]
      var p: GrowthParameters
      var total: Double
    }
    func evaluate(_ vector: ParameterVector) -> Evaluation {
      let p = vector.parameters(timeStep: timeStep)
      integrator.use(p)
      integrator.integrate(into: u)
      let rows = ObservationRows(problem, u[last], p)
      let inside = ParameterVector(p)
      let violations = borders.violations(u[last], p)
      var total = dataScale * (rows.value + BorderRows.value(violations))
      for j in 0..<inside.count { total += precision[j] * pow(inside.values[j] - mean[j], 2) }
      return Evaluation(rows: rows, violations: violations, p: p, total: total)
    }
    var current = evaluate(point)
    var damping = 1e-2
    let scales = ParameterVector.stepScales(foci: start.foci.count)
    let n = point.count
    for _ in 0..<iterations {
      let state = StateSensitivity.columns(problem, current.p, around: u)
      let rows = ActiveRows(current.rows, state)
      var matrix = rows.normalMatrix.map { dataScale * $0 }
      var slope = rows.gradient.map { dataScale * $0 }
      borders.accumulate(current.violations, state, scale: dataScale, &matrix, &slope)
      for j in 0..<n {
        matrix[j * n + j] += precision[j]
        slope[j] += precision[j] * (point.values[j] - mean[j])
      }
      hessian = matrix
      let held = point.isHeld(gradient: slope, timeStep: timeStep)
      for j in 0..<n where held[j] {
        for l in 0..<n where l != j { (matrix[j * n + l], matrix[l * n + j]) = (0, 0) }
        slope[j] = 0
      }
      var improved = false
      var gain = 0.0
      for _ in 0..<6 {
        var damped = matrix
        for j in 0..<n { damped[j * n + j] += damping * (matrix[j * n + j] + 1 / (scales[j] * scales[j])) }
        guard let step = NormalEquations.solve(damped, slope.map { -$0 }) else {
          damping *= 10
          continue
        }
        // No coordinate moves further than four of its scales at once.
        let largest = zip(step, scales).map { abs($0 / $1) }.max() ?? 0
        let shrink = largest > 4 ? 4 / largest : 1
        var trial = point
        for j in 0..<n { trial.values[j] += shrink * step[j] }
        trial = ParameterVector(trial.parameters(timeStep: timeStep))
        let next = evaluate(trial)
        if next.total < current.total {
          gain = (current.total - next.total) / max(current.total, 1e-12)
          (current, point, improved) = (next, trial, true)
          damping = max(damping / 5, 1e-6)
          steps += 1
          break
        }
        damping *= 6
      }
      if !improved {
        // `u` holds a rejected trial.
        current = evaluate(point)
        break
      }
      if gain < 1e-3 { break }
    }
    parameters = current.p
    objective = current.total
    dataMisfit = current.rows.value
  }
}

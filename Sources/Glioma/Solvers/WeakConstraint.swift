import Foundation
import Imaging
import Numerics

/// Gauss–Newton on the discrete loss in forcing variables: weak-constraint 4D-Var.
///
/// The density and its forcing (first-slice error e and residuals r_1…r_T) determine each other, so the unknown field is
/// kept as forcing, in which residual and initial-condition terms are plain norms w_p²|r|² + w_i²|e|². Only the rows of
/// the last slice couple it. Each outer step solves the ``DualSystem`` (W⁻² + T C Tᵀ + G S Gᵀ) λ = −(e − T q + G d); the new
/// forcing is C Tᵀ λ. The vectors of the iteration live on one slice. Range and CSF terms (1e-8 of the loss at a
/// solution) are reported but not linearised.
public final class WeakConstraint {
  /// When to stop.
  public struct Stopping: Hashable, Sendable, Codable {
    /// Outer steps.
    public var outerSteps = 5
    /// Conjugate-gradient iterations of one outer step.
    public var innerIterations = 20
    /// Relative residual at which an inner solve ends.
    public var innerTolerance = 1e-2
    /// Stop when the root mean square violation of the intervals that half a cell does not explain falls below this density
    /// (discrepancy principle). Strong-constraint fits of tumours grown by the model itself leave 0.12 to 0.26 on cells of 2 to
    /// 3 mm: going on would explain the grid's error by forcing. 0 switches it off.
    public var discrepancy = 0.3
    /// Stop when the loss has fallen to this part of the strong-constraint loss. 0 switches it off.
    public var lossRatio = 0.01

    /// The default rule.
    public init() {}
  }

  /// One row of the history.
  public struct Iterate: Hashable, Sendable, Codable {
    /// Outer step, 0 for the start.
    public var step: Int
    /// Sweeps pairs spent so far.
    public var innerIterations: Int
    /// The loss, each term on its own.
    public var terms: LossTerms
    /// Root mean square violation of the rows that act, as far as the grid does not explain it.
    public var discrepancy: Double
  }

  /// The problem whose loss is minimised.
  public let problem: GrowthProblem
  /// The parameters of the last accepted step.
  public private(set) var parameters: GrowthParameters
  /// The density of the last accepted step.
  public let field: SpaceTimeField
  /// One row for the start and each accepted step.
  public private(set) var history: [Iterate] = []

  /// The residuals of the last accepted step, the error of the first slice in slice 0.
  private(set) var forcing: SpaceTimeField
  private var sensitivity: SpaceTimeField
  private let integrator: CrankNicolson
  private let prior: (precision: [Double], mean: [Double])
  private let loss: DiscreteLoss
  private let last: Int

  /// Start from the solution of the equation for `start` with `forcing`, none unless given. `field` is overwritten and
  /// holds the result.
  public init(
    _ problem: GrowthProblem, start: GrowthParameters, prior: ParameterPrior, center: GrowthParameters? = nil,
    forcing: SpaceTimeField? = nil, isParallel: Bool, field: SpaceTimeField
  ) {
    self.problem = problem
    self.field = field
    parameters = start.clampedToBounds
    last = problem.grid.slices - 1
    self.forcing = forcing ?? SpaceTimeField(slices: problem.grid.slices, shape: problem.grid.shape)
    sensitivity = SpaceTimeField(slices: problem.grid.slices, shape: problem.grid.shape)
    integrator = CrankNicolson(problem, parameters: parameters, isParallel: isParallel)
    self.prior = prior.precisions(start: ParameterVector(center ?? start))
    loss = DiscreteLoss(problem)
    integrator.integrate(into: field, forcing: forcing)
    record(step: 0, inner: 0)
  }

  /// Take Gauss–Newton steps until `stopping` says so; `loss` is the strong-constraint loss it compares with, that of the
  /// start unless given. `progress` is called after each step.
  public func run(_ stopping: Stopping, loss: Double? = nil, progress: (Iterate) -> Void = { _ in }) {
    var spent = 0
    var trust = 1.0
    let start = loss ?? history[0].terms.total
    if stopping.lossRatio > 0, history[0].terms.total < stopping.lossRatio * start { return }
    for step in 1...max(stopping.outerSteps, 1) {
      if stopping.discrepancy > 0, let now = history.last, now.discrepancy < stopping.discrepancy { return }
      var rule = stopping
      var (improved, inner) = outerStep(rule, trust: &trust)
      spent += inner
      // A step that leads uphill was too long for the linear model, or solved too loosely.
      for _ in 0..<WeakConstraint.retries where !improved {
        trust *= 0.1
        rule.innerTolerance *= 0.1
        rule.innerIterations *= 2
        (improved, inner) = outerStep(rule, trust: &trust)
        spent += inner
      }
      guard improved else { return }
      record(step: step, inner: spent)
      guard let now = history.last, history.count >= 2 else { return }
      progress(now)
      if stopping.lossRatio > 0, now.terms.total < stopping.lossRatio * start { return }
      let before = history[history.count - 2].terms.total
      if before - now.terms.total < 1e-3 * before { return }
    }
  }

  private static let retries = 2

  private func record(step: Int, inner: Int) {
    let rows = ObservationRows(problem, field[last], parameters)
    history.append(
      Iterate(
        step: step, innerIterations: inner, terms: loss.terms(of: field, parameters: parameters),
        discrepancy: rows.discrepancy))
  }

  private var residualWeight: Double { problem.weights.residual * problem.weights.residual }
  private var initialWeight: Double { problem.weights.initialCondition * problem.weights.initialCondition }

  /// N times the terms that the outer step models: residual, initial condition, data, PET and the prior.
  var objective: Double { objective(parameters, forcing) }

  private func objective(_ p: GrowthParameters, _ forcing: SpaceTimeField) -> Double {
    var sum = initialWeight * squares(forcing[0])
    for k in 1...last { sum += residualWeight * squares(forcing[k]) }
    sum += ObservationRows(problem, field[last], p).value
    let point = ParameterVector(p)
    for j in 0..<point.count { sum += prior.precision[j] * pow(point.values[j] - prior.mean[j], 2) }
    return sum
  }

  private func squares(_ slice: UnsafeMutablePointer<Float>) -> Double {
    var total = 0.0
    var p = 0
    while p < field.pitch {
      var sum = SIMD16<Float>.zero
      let end = min(p + cellsPerBlock, field.pitch)
      while p < end {
        let v = load16(slice + p)
        sum = sum.addingProduct(v, v)
        p += 16
      }
      total += Double(sum.sum())
    }
    return total
  }

  // MARK: - One outer step

  private func outerStep(_ stopping: Stopping, trust: inout Double) -> (improved: Bool, inner: Int) {
    let before = objective(parameters, forcing)
    let rows = ActiveRows(
      ObservationRows(problem, field[last], parameters),
      StateSensitivity.columns(problem, parameters, around: field))
    let point = ParameterVector(parameters)
    let scales = ParameterVector.stepScales(foci: parameters.foci.count)
    var (variance, shift) = (
      Array(repeating: 0.0, count: point.count), Array(repeating: 0.0, count: point.count)
    )
    for j in 0..<point.count {
      let precision = prior.precision[j] + 1 / (trust * scales[j] * scales[j])
      variance[j] = 1 / precision
      shift[j] = prior.precision[j] * (prior.mean[j] - point.values[j]) / precision
    }
    // A parameter at a bound that the loss pushes outwards stays where it is.
    let slope = zip(rows.gradient, point.values.indices).map { data, j in
      data + prior.precision[j] * (point.values[j] - prior.mean[j])
    }
    let held = point.isHeld(gradient: slope, timeStep: problem.grid.timeStep)
    for j in 0..<point.count where held[j] { (variance[j], shift[j]) = (0, 0) }
    // What the present forcing already explains of the last slice, to first order.
    let explained = SpaceTimeField(slices: 1, shape: problem.grid.shape)
    integrator.tangent(
      around: field, initial: UnsafePointer(forcing[0]), source: { [forcing] in UnsafePointer(forcing[$0]) },
      result: explained[0])
    let moved = rows.image(of: shift)
    let right = rows.cells.indices.map { Double(explained[0][rows.cells[$0]]) - rows.errors[$0] - moved[$0] }
    let system = DualSystem(rows, variance: variance) { [self] in swept($0, rows) }
    let (lambda, inner) = system.solve(
      right, iterations: stopping.innerIterations, tolerance: stopping.innerTolerance)
    adjoint(of: lambda, rows)
    scaleSensitivityToForcing()
    let change = zip(shift, zip(variance, rows.products(with: lambda))).map { $0 + $1.0 * $1.1 }
    let improved = search(from: point, change, before)
    if improved { trust = min(trust * 2, 16) }
    return (improved, inner)
  }

  /// T C Tᵀ λ on the rows.
  private func swept(_ lambda: [Double], _ rows: ActiveRows) -> [Double] {
    adjoint(of: lambda, rows)
    let ends = SpaceTimeField(slices: 2, shape: problem.grid.shape)
    let scale = Float(1 / initialWeight)
    for cell in 0..<field.pitch { ends[0][cell] = scale * sensitivity[0][cell] }
    integrator.tangent(
      around: field, initial: UnsafePointer(ends[0]),
      source: { [sensitivity] in UnsafePointer(sensitivity[$0]) }, sourceScale: Float(1 / residualWeight),
      result: ends[1])
    return rows.cells.map { Double(ends[1][$0]) }
  }

  private func adjoint(of lambda: [Double], _ rows: ActiveRows) {
    let final = SpaceTimeField(slices: 1, shape: problem.grid.shape)
    for (value, cell) in zip(lambda, rows.cells) { final[0][cell] += Float(value) }
    integrator.adjoint(around: field, final: UnsafePointer(final[0]), result: sensitivity)
  }

  private func scaleSensitivityToForcing() {
    for k in 0...last {
      let factor = Float(1 / (k == 0 ? initialWeight : residualWeight))
      let slice = sensitivity[k]
      for cell in 0..<field.pitch { slice[cell] *= factor }
    }
  }

  /// Try the full step, then halve it: forcing and parameters move together, and the density is integrated anew.
  private func search(from point: ParameterVector, _ change: [Double], _ before: Double) -> Bool {
    var fraction = 1.0
    for attempt in 0..<7 {
      if attempt > 0 {
        fraction /= 2
        for k in 0...last {
          let (new, old) = (sensitivity[k], forcing[k])
          for cell in 0..<field.pitch { new[cell] = 0.5 * (new[cell] + old[cell]) }
        }
      }
      var trial = point
      for j in 0..<trial.count { trial.values[j] += fraction * change[j] }
      let p = trial.parameters(timeStep: problem.grid.timeStep)
      integrator.use(p)
      integrator.integrate(into: field, forcing: sensitivity)
      if objective(p, sensitivity) < before {
        swap(&forcing, &sensitivity)
        parameters = p
        return true
      }
    }
    integrator.use(parameters)
    integrator.integrate(into: field, forcing: forcing)
    return false
  }
}

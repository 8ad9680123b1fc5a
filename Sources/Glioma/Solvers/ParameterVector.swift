import Foundation

/// The parameters in the coordinates the solvers move in: ln D, ln ρ, log10 R, θ_up, θ_down, s, b, then the foci.
struct ParameterVector: Sendable {
  static let lnDiffusivity = 0, lnProliferation = 1, logRatio = 2
  static let upper = 3, lower = 4, slope = 5, background = 6, firstFocus = 7

  var values: [Double]

  init(_ p: GrowthParameters) {
    values =
      [
        log(p.diffusivity), log(p.proliferationRate), log10(p.diffusivityRatio), p.upperThreshold,
        p.lowerThreshold, p.petSlope, p.petBackground,
      ] + p.foci.flatMap { [$0.x, $0.y, $0.z] }
  }

  var count: Int { values.count }

  /// The parameters, moved inside the published bounds and to a rate the time step can follow.
  func parameters(timeStep: Double) -> GrowthParameters {
    let foci = stride(from: ParameterVector.firstFocus, to: values.count, by: 3).map {
      SIMD3(values[$0], values[$0 + 1], values[$0 + 2])
    }
    var p = GrowthParameters(
      foci: foci, diffusivity: exp(values[0]), proliferationRate: min(exp(values[1]), 0.8 / timeStep))
    p.diffusivityRatio = pow(10, values[2])
    p.upperThreshold = values[3]
    p.lowerThreshold = values[4]
    p.petSlope = values[5]
    p.petBackground = values[6]
    return p.clampedToBounds
  }

  /// The bounds of each coordinate: the published soft bounds, kept exactly; foci are free.
  static func bounds(foci: Int, timeStep: Double) -> [ClosedRange<Double>] {
    [
      log(0.01)...log(10), log(0.02)...log(0.8 / timeStep), 1...3, 0.5...0.85, 0.2...0.5, 0.5...1.02, 0...0.5,
    ] + Array(repeating: -Double.infinity...Double.infinity, count: 3 * foci)
  }

  /// Whether each coordinate sits at a bound that a step against `gradient` would cross.
  func isHeld(gradient: [Double], timeStep: Double) -> [Bool] {
    let bounds = ParameterVector.bounds(foci: (count - ParameterVector.firstFocus) / 3, timeStep: timeStep)
    return values.indices.map { j in
      (values[j] <= bounds[j].lowerBound + 1e-9 && gradient[j] > 0)
        || (values[j] >= bounds[j].upperBound - 1e-9 && gradient[j] < 0)
    }
  }

  /// How far one step of a solver may move each coordinate: the scales of the trust region.
  static func stepScales(foci: Int) -> [Double] {
    [0.4, 0.25, 0.3, 0.05, 0.05, 0.1, 0.05] + Array(repeating: 2.0, count: 3 * foci)
  }
}

/// Gaussian knowledge about the parameters before the scan is seen.
///
/// The thresholds follow what is known of the visibility of tumour cells (core from about 0.6, oedema from about 0.28), the
/// rates the front that the width of the oedema and the size of the tumour tell for such thresholds. Without it the fit
/// widens the flank and draws the thresholds together: the intervals hold, and the density beyond them is wrong. The prior
/// is not part of the published loss and is reported apart from it.
public struct ParameterPrior: Hashable, Sendable, Codable {
  /// Mean and standard deviation of θ_up.
  public var upperThreshold = [0.60, 0.08]
  /// Mean and standard deviation of θ_down.
  public var lowerThreshold = [0.28, 0.06]
  /// Mean and standard deviation of log10 R.
  public var logRatio = [1.5, 0.4]
  /// Mean and standard deviation of the PET slope; wide, since the uptake itself tells it.
  public var petSlope = [0.9, 2.0]
  /// Mean and standard deviation of the PET background; wide as well.
  public var petBackground = [0.3, 1.0]
  /// Standard deviation of ln D and ln ρ around the starting point.
  public var rateDeviation = 0.35
  /// Standard deviation of a focus around its starting point, in mm.
  public var focusDeviation = 10.0
  /// Weight of the prior against the data, in cells of data misfit: how many cells err together, because what they miss is
  /// the model's error and not their own. 0 switches the prior off.
  public var weight = 1000.0

  /// The default knowledge.
  public init() {}

  /// Knowledge that weighs nothing: the published loss alone.
  public static var none: ParameterPrior {
    var prior = ParameterPrior()
    prior.weight = 0
    return prior
  }

  /// This knowledge with the values of `parameters` for its means.
  func around(_ parameters: GrowthParameters) -> ParameterPrior {
    var result = self
    result.upperThreshold[0] = parameters.upperThreshold
    result.lowerThreshold[0] = parameters.lowerThreshold
    result.logRatio[0] = log10(parameters.diffusivityRatio)
    result.petSlope[0] = parameters.petSlope
    result.petBackground[0] = parameters.petBackground
    return result
  }

  /// The precision (weight over variance) and mean of each coordinate of a vector that started at `start`.
  func precisions(start: ParameterVector) -> (precision: [Double], mean: [Double]) {
    let pairs =
      [
        [start.values[0], rateDeviation], [start.values[1], rateDeviation], logRatio, upperThreshold,
        lowerThreshold, petSlope, petBackground,
      ] + start.values.dropFirst(ParameterVector.firstFocus).map { [$0, focusDeviation] }
    return (pairs.map { weight / ($0[1] * $0[1]) }, pairs.map { $0[0] })
  }
}

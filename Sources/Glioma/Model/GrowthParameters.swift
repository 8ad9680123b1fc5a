import Foundation

/// The physical and imaging parameters of one patient's tumour.
///
/// Only one time point is observed, so rates are known only up to the length of the time axis: report
/// `infiltrationLength` and `travelledDistance`, not mm²/day.
public struct GrowthParameters: Hashable, Sendable, Codable {
  /// Diffusivity D in white matter, in mm²/day of the model's time axis.
  public var diffusivity: Double
  /// Proliferation rate ρ, in 1/day of the model's time axis.
  public var proliferationRate: Double
  /// Ratio R of the diffusivities in white and grey matter.
  public var diffusivityRatio: Double
  /// Origins x0 of the tumour, in mm from the corner of the grid's box; the published model has one.
  public var foci: [SIMD3<Double>]
  /// Slope s of PET uptake against density.
  public var petSlope: Double
  /// Density θ_up at the border of the tumour core.
  public var upperThreshold: Double
  /// Density θ_down at the border of the oedema.
  public var lowerThreshold: Double
  /// Background b of the PET uptake.
  public var petBackground: Double

  /// The published initial values, with the tumour's origin at `foci` (mm from the corner of the box).
  public init(foci: [SIMD3<Double>], diffusivity: Double = 0.12, proliferationRate: Double = 0.12) {
    precondition(!foci.isEmpty)
    self.foci = foci
    self.diffusivity = diffusivity
    self.proliferationRate = proliferationRate
    diffusivityRatio = 100
    petSlope = 1
    upperThreshold = 0.65
    lowerThreshold = 0.3
    petBackground = 0.3
  }

  /// √(D/ρ), in mm: how far the tumour's flank reaches; independent of the time scale.
  public var infiltrationLength: Double { (diffusivity / proliferationRate).squareRoot() }

  /// 2·√(Dρ)·T, in mm: how far the front travelled in `days`; independent of the time scale.
  public func travelledDistance(days: Double) -> Double {
    2 * (diffusivity * proliferationRate).squareRoot() * days
  }

  // MARK: - The published coefficient vector

  /// The program's coefficients c0…c9: D, ρ, x0, y0, z0, s, θ_up, θ_down, log10 R, b, then the coordinates of any
  /// further foci.
  public var coefficients: [Double] {
    [
      diffusivity, proliferationRate, foci[0].x, foci[0].y, foci[0].z, petSlope, upperThreshold,
      lowerThreshold, log10(diffusivityRatio), petBackground,
    ] + foci.dropFirst().flatMap { [$0.x, $0.y, $0.z] }
  }

  /// The parameters of coefficients c0…c9 and further foci, taken by magnitude as the program does.
  public init(coefficients c: [Double]) {
    precondition(c.count >= 10 && (c.count - 10) % 3 == 0)
    let further = stride(from: 10, to: c.count, by: 3).map { SIMD3(c[$0], c[$0 + 1], c[$0 + 2]) }
    self.init(foci: [[c[2], c[3], c[4]]] + further, diffusivity: abs(c[0]), proliferationRate: abs(c[1]))
    petSlope = abs(c[5])
    upperThreshold = abs(c[6])
    lowerThreshold = abs(c[7])
    diffusivityRatio = pow(10, abs(c[8]))
    petBackground = abs(c[9])
  }

  /// The place of coordinate `axis` of focus `index` in `coefficients`.
  static func coefficientIndex(focus index: Int, axis: Int) -> Int {
    index == 0 ? 2 + axis : 10 + 3 * (index - 1) + axis
  }

  // MARK: - Soft bounds

  /// Sum of the violations of the published bounds (section "bounds" of the loss), before squaring.
  public var boundViolation: Double {
    func outside(_ value: Double, _ lower: Double, _ upper: Double) -> Double {
      max(lower - value, 0) + max(value - upper, 0)
    }
    return outside(petSlope, 0.5, 1.02) + outside(lowerThreshold, 0.2, 0.5)
      + outside(upperThreshold, 0.5, 0.85) + outside(diffusivity, 0.01, 10)
      + max(0.02 - proliferationRate, 0) + outside(diffusivityRatio, 10, 1000) + max(petBackground - 0.5, 0)
  }

  /// The derivative of `boundViolation` with respect to each of the published coefficients.
  var boundViolationGradient: [Double] {
    func slope(_ value: Double, _ lower: Double, _ upper: Double) -> Double {
      value < lower ? -1 : value > upper ? 1 : 0
    }
    var gradient = Array(repeating: 0.0, count: coefficients.count)
    gradient[0] = slope(diffusivity, 0.01, 10)
    gradient[1] = slope(proliferationRate, 0.02, .infinity)
    gradient[5] = slope(petSlope, 0.5, 1.02)
    gradient[6] = slope(upperThreshold, 0.5, 0.85)
    gradient[7] = slope(lowerThreshold, 0.2, 0.5)
    gradient[8] = slope(diffusivityRatio, 10, 1000) * diffusivityRatio * log(10)
    gradient[9] = slope(petBackground, -.infinity, 0.5)
    return gradient
  }

  /// The nearest parameters inside the published bounds.
  public var clampedToBounds: GrowthParameters {
    var result = self
    result.petSlope = min(max(petSlope, 0.5), 1.02)
    result.lowerThreshold = min(max(lowerThreshold, 0.2), 0.5)
    result.upperThreshold = min(max(upperThreshold, 0.5), 0.85)
    result.diffusivity = min(max(diffusivity, 0.01), 10)
    result.proliferationRate = max(proliferationRate, 0.02)
    result.diffusivityRatio = min(max(diffusivityRatio, 10), 1000)
    result.petBackground = min(max(petBackground, 0), 0.5)
    return result
  }
}

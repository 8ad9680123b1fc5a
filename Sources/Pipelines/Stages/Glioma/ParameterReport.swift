import Foundation
import Glioma

/// One parameter as `parameters.json` shows it.
struct ParameterReport: Codable {
  /// Its value.
  var value: Double
  /// 5 % and 95 % quantile of the ensemble, where there is one.
  var interval: [Double]?
  /// The unit; empty for a fraction.
  var unit: String
  /// Whether it came to rest at a bound.
  var hitBound: Bool

  private enum CodingKeys: String, CodingKey {
    case value, interval, unit
    case hitBound = "hit_bound"
  }

  /// All parameters by name.
  static func entries(
    _ solution: GrowthSolution, _ ensemble: GrowthEnsemble?, _ problem: GrowthProblem
  ) -> [String: ParameterReport] {
    let p = solution.parameters
    let days = problem.grid.duration
    func quantiles(_ j: Int, _ map: (Double) -> Double) -> [Double]? {
      guard let range = ensemble?.intervals, range.indices.contains(j) else { return nil }
      return [map(range[j].lowerBound), map(range[j].upperBound)]
    }
    func entry(_ value: Double, _ unit: String, _ interval: [Double]?, _ bounds: ClosedRange<Double>)
      -> ParameterReport
    {
      let margin = 1e-6 * max(abs(value), 1)
      return ParameterReport(
        value: value, interval: interval, unit: unit,
        hitBound: value <= bounds.lowerBound + margin || value >= bounds.upperBound - margin)
    }
    let free = -Double.infinity...Double.infinity
    var result = [
      "diffusivity_times_duration": entry(
        p.diffusivity * days, "mm²", quantiles(0) { exp($0) * days }, 0.01 * days...10 * days),
      "proliferation_times_duration": entry(
        p.proliferationRate * days, "", quantiles(1) { exp($0) * days }, 0.02 * days...Double.infinity),
      "infiltration_length": entry(p.infiltrationLength, "mm", nil, free),
      "travelled_distance": entry(p.travelledDistance(days: days), "mm", nil, free),
      "diffusivity_ratio": entry(p.diffusivityRatio, "", quantiles(2) { pow(10, $0) }, 10...1000),
      "threshold_core": entry(p.upperThreshold, "", quantiles(3) { $0 }, 0.5...0.85),
      "threshold_edema": entry(p.lowerThreshold, "", quantiles(4) { $0 }, 0.2...0.5),
      "pet_slope": entry(p.petSlope, "", quantiles(5) { $0 }, 0.5...1.02),
      "pet_background": entry(p.petBackground, "", quantiles(6) { $0 }, 0...0.5),
      "loss": entry(solution.terms.total, "", nil, free),
    ]
    for (index, focus) in p.foci.enumerated() {
      for (axis, letter) in ["x", "y", "z"].enumerated() {
        result["focus_\(index + 1)_\(letter)"] = entry(
          focus[axis], "mm from the corner of the box", quantiles(7 + 3 * index + axis) { $0 }, free)
      }
    }
    return result
  }
}

import Foundation
import Glioma
import Imaging

/// How far an inferred density is from the true one of a synthetic patient.
struct DensityError: Codable {
  /// Root mean square error where the true density lies between 1 and 25 %.
  var lowDensityRmse: Double
  /// Dice of the regions above 10 %.
  var dice10: Double

  init(found: Volume<Float>, truth: Volume<Float>) {
    var (squares, count, both, either) = (0.0, 0.0, 0.0, 0.0)
    found.withVoxels { found in
      truth.withVoxels { truth in
        for voxel in truth.indices {
          let (u, real) = (found[voxel], truth[voxel])
          if real > 0.01, real < 0.25 {
            squares += Double((u - real) * (u - real))
            count += 1
          }
          if u >= 0.1, real >= 0.1 { both += 2 }
          either += (u >= 0.1 ? 1 : 0) + (real >= 0.1 ? 1 : 0)
        }
      }
    }
    lowDensityRmse = (squares / max(count, 1)).squareRoot()
    dice10 = either > 0 ? both / either : 1
  }
}

/// How far inferred parameters are from the true ones, on scales that one observation can determine.
struct ParameterError: Codable {
  /// ln of inferred over true infiltration length √(D/ρ).
  var lnInfiltrationLength: Double
  /// ln of inferred over true travelled distance 2√(Dρ)·T.
  var lnTravelledDistance: Double
  /// Differences of the thresholds.
  var upperThreshold, lowerThreshold: Double

  init(_ found: GrowthParameters, truth: SyntheticGlioma, duration: Double) {
    var real = GrowthParameters(
      foci: [.zero], diffusivity: truth.diffusivity, proliferationRate: truth.proliferationRate)
    real.diffusivityRatio = truth.diffusivityRatio
    lnInfiltrationLength = log(found.infiltrationLength / real.infiltrationLength)
    lnTravelledDistance = log(
      found.travelledDistance(days: duration) / real.travelledDistance(days: SyntheticGlioma.duration))
    upperThreshold = found.upperThreshold - truth.upperThreshold
    lowerThreshold = found.lowerThreshold - truth.lowerThreshold
  }
}

import ImageAnalysis
import Imaging

/// Distances between the surfaces of two masks, in both directions.
///
/// A surface voxel is one inside the mask that shares a face with the outside (beyond the image is outside); distances run
/// between voxel centres. These are MONAI's definitions.
struct SurfaceScores {
  /// From each surface voxel of the prediction to the nearest of the reference, and the other way.
  private let fromPrediction, fromReference: [Float]

  init(_ pair: MaskPair) {
    let (prediction, reference) = (Surface(of: pair.prediction), Surface(of: pair.reference))
    fromPrediction = prediction.distances(to: reference)
    fromReference = reference.distances(to: prediction)
  }

  /// Whether both masks have a surface.
  private var isDefined: Bool { !fromPrediction.isEmpty && !fromReference.isEmpty }

  /// The greater of the two directions' percentiles (linear interpolation between ranks); nil where a mask is empty.
  func hausdorff(percentile: Double) -> Double? {
    guard isDefined else { return nil }
    return max(quantile(fromPrediction, percentile / 100), quantile(fromReference, percentile / 100))
  }

  /// The mean over the surface voxels of both masks together; nil where a mask is empty.
  var averageSymmetricDistance: Double? {
    guard isDefined else { return nil }
    let sum = (fromPrediction + fromReference).reduce(0.0) { $0 + Double($1) }
    return sum / Double(fromPrediction.count + fromReference.count)
  }

  /// The share of surface voxels of both masks no further than `tolerance` mm from the other surface.
  ///
  /// 0 where one mask is empty, nil where both are.
  func normalizedSurfaceDice(tolerance: Double) -> Double? {
    // Both sides rounded to Float, so that a distance of whole voxels equal to the tolerance counts.
    let within = (fromPrediction + fromReference).count { $0 <= Float(tolerance) }
    return ratio(within, fromPrediction.count + fromReference.count)
  }
}

/// The value below which the share `share` of `values` lies, by linear interpolation between ranks as numpy.
private func quantile(_ values: [Float], _ share: Double) -> Double {
  let sorted = values.sorted()
  let rank = share * Double(sorted.count - 1)
  let lower = Int(rank)
  let upper = min(lower + 1, sorted.count - 1)
  return Double(sorted[lower]) + (rank - Double(lower)) * Double(sorted[upper] - sorted[lower])
}

import ImageAnalysis
import Imaging
import Numerics

/// How far each mask holds the other's centreline (Shit et al., "clDice", CVPR 2021).
///
/// Centrelines are skeletons by thinning as scikit-image computes them (`Thinning.scikitImage`).
struct CentrelineScores {
  /// The share of the prediction's skeleton inside the reference; nil where there is no skeleton.
  let precision: Double?
  /// The share of the reference's skeleton inside the prediction; nil where there is no skeleton.
  let sensitivity: Double?

  init(_ pair: MaskPair) {
    let masks = [pair.prediction, pair.reference]
    let shares = Parallel.mapSlabs(of: 0..<2, count: 2) { slab -> Double? in
      let (own, other) = (masks[slab.lowerBound], masks[1 - slab.lowerBound])
      let skeleton = own.skeletonVoxels(.scikitImage)
      return ratio(skeleton.count { other.voxels[$0] != 0 }, skeleton.count)
    }
    (precision, sensitivity) = (shares[0], shares[1])
  }

  /// The harmonic mean of the two; nil where either is, 0 where both are 0.
  var clDice: Double? {
    guard let precision, let sensitivity else { return nil }
    let sum = precision + sensitivity
    return sum == 0 ? 0 : 2 * precision * sensitivity / sum
  }
}

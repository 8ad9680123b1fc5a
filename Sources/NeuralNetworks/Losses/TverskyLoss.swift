import Foundation

/// The Tversky loss, `1 − TI` (Salehi, Erdogmus and Gholipour, 2017).
///
/// `TI = (TP + s) / (TP + α·FN + (1 − α)·FP + s)`, summed over all entries of the batch together.
/// - `α > 0.5` punishes missed voxels more than invented ones; `α = 0.5` is the Dice loss with half its smoothing.
/// - Zero when the prediction equals a binary target; both empty: exactly 0 for `s > 0`.
public struct TverskyLoss: OverlapLoss {
  /// Weight α of false negatives; false positives weigh 1 − α.
  public var alpha: Double
  /// Smoothing s, added to numerator and denominator.
  public var smooth: Double
  /// What the network's output stands for.
  public var prediction: Prediction
  /// How many voxels of the label each entry stands for.
  public var voxelsPerEntry: Double

  /// The Tversky loss; by default with the constants of DS6.
  public init(
    alpha: Double = 0.7, smooth: Double = 1, on prediction: Prediction = .probabilities,
    voxelsPerEntry: Double = 1
  ) {
    self.alpha = alpha
    self.smooth = smooth
    self.prediction = prediction
    self.voxelsPerEntry = voxelsPerEntry
  }

  /// 1 − TI and its derivatives.
  public func value(at sums: OverlapSums) -> (value: Double, byTruePositives: Double, byPredicted: Double) {
    // TP + α(Σt − TP) + (1 − α)(Σp − TP) = α·Σt + (1 − α)·Σp.
    let numerator = sums.truePositives + smooth
    let denominator = alpha * sums.actual + (1 - alpha) * sums.predicted + smooth
    return (
      1 - numerator / denominator, -1 / denominator, numerator * (1 - alpha) / (denominator * denominator)
    )
  }
}

/// The focal Tversky loss, `(1 − TI)^γ` (Abraham and Khan, 2019), with the constants of DS6 (Chatterjee et al., 2022).
///
/// For `γ < 1` the slope at `TI = 1` is infinite: the gradient takes `1 − TI` as at least 1e-6. The value is not
/// changed: both empty gives exactly 0.
public struct FocalTverskyLoss: OverlapLoss {
  /// The Tversky index's constants.
  public var tversky: TverskyLoss
  /// Exponent γ; below 1 the loss stays steep near a perfect prediction.
  public var gamma: Double
  /// What the network's output stands for.
  public var prediction: Prediction { tversky.prediction }
  /// How many voxels of the label each entry stands for.
  public var voxelsPerEntry: Double { tversky.voxelsPerEntry }

  /// The focal Tversky loss; by default with the constants of DS6.
  public init(
    alpha: Double = 0.7, gamma: Double = 0.75, smooth: Double = 1, on prediction: Prediction = .probabilities,
    voxelsPerEntry: Double = 1
  ) {
    tversky = TverskyLoss(alpha: alpha, smooth: smooth, on: prediction, voxelsPerEntry: voxelsPerEntry)
    self.gamma = gamma
  }

  /// (1 − TI)^γ and its derivatives.
  public func value(at sums: OverlapSums) -> (value: Double, byTruePositives: Double, byPredicted: Double) {
    let base = tversky.value(at: sums)
    // Rounding can leave 1 − TI a hair below 0.
    let outer = gamma * pow(max(base.value, 1e-6), gamma - 1)
    return (
      pow(max(base.value, 0), gamma), outer * base.byTruePositives, outer * base.byPredicted
    )
  }
}

/// The soft Dice loss, `1 − (2·Σpt + s) / (Σp + Σt + s)` (Milletari, Navab and Ahmadi, 2016, without squares), summed
/// over all entries of the batch together: the Tversky loss with `α = 0.5` and half the smoothing.
public struct DiceLoss: OverlapLoss {
  private let tversky: TverskyLoss
  /// What the network's output stands for.
  public var prediction: Prediction { tversky.prediction }
  /// How many voxels of the label each entry stands for.
  public var voxelsPerEntry: Double { tversky.voxelsPerEntry }

  /// The Dice loss with smoothing `smooth`, s above.
  public init(smooth: Double = 1, on prediction: Prediction = .probabilities, voxelsPerEntry: Double = 1) {
    tversky = TverskyLoss(alpha: 0.5, smooth: smooth / 2, on: prediction, voxelsPerEntry: voxelsPerEntry)
  }

  /// 1 − Dice and its derivatives.
  public func value(at sums: OverlapSums) -> (value: Double, byTruePositives: Double, byPredicted: Double) {
    tversky.value(at: sums)
  }
}

/// Skeleton recall, `1 − (Σp·k + s) / (Σk + s)` (Kirchhoff et al., ECCV 2024): the Tversky loss with `α = 1`.
///
/// The target k is the label's "tubed" skeleton: thinned, dilated twice, and multiplied by the label. It rewards covering
/// the centreline however thin the vessel, and is added to a Dice + cross-entropy loss, which alone punishes
/// false positives. (The paper writes the negative recall; the constant 1 keeps the loss in [0, 1].)
public struct SkeletonRecallLoss: OverlapLoss {
  private let tversky: TverskyLoss
  /// What the network's output stands for.
  public var prediction: Prediction { tversky.prediction }
  /// How many voxels of the label each entry stands for.
  public var voxelsPerEntry: Double { tversky.voxelsPerEntry }

  /// Skeleton recall with smoothing `smooth`, s above.
  public init(smooth: Double = 1, on prediction: Prediction = .probabilities, voxelsPerEntry: Double = 1) {
    tversky = TverskyLoss(alpha: 1, smooth: smooth, on: prediction, voxelsPerEntry: voxelsPerEntry)
  }

  /// 1 − recall and its derivatives.
  public func value(at sums: OverlapSums) -> (value: Double, byTruePositives: Double, byPredicted: Double) {
    tversky.value(at: sums)
  }
}

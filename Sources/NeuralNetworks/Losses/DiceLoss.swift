/// The soft Dice loss, `1 − (2·Σpt + s) / (Σp + Σt + s)` (Milletari, Navab and Ahmadi, 2016, without squares), summed
/// over all entries of the batch together.
public struct DiceLoss: OverlapLoss {
  /// Smoothing s.
  public var smooth: Double
  /// What the network's output stands for.
  public var prediction: Prediction
  /// How many voxels of the label each entry stands for.
  public var voxelsPerEntry: Double

  /// The Dice loss.
  public init(smooth: Double = 1, on prediction: Prediction = .probabilities, voxelsPerEntry: Double = 1) {
    self.smooth = smooth
    self.prediction = prediction
    self.voxelsPerEntry = voxelsPerEntry
  }

  /// 1 − Dice and its derivatives.
  public func value(at sums: OverlapSums) -> (value: Double, byTruePositives: Double, byPredicted: Double) {
    let numerator = 2 * sums.truePositives + smooth
    let denominator = sums.predicted + sums.actual + smooth
    return (1 - numerator / denominator, -2 / denominator, numerator / (denominator * denominator))
  }
}

/// Skeleton recall, `1 − (Σp·k + s) / (Σk + s)` (Kirchhoff et al., ECCV 2024).
///
/// The target k is the label's "tubed" skeleton: thinned, dilated twice, and multiplied by the label. It rewards covering
/// the centreline however thin the vessel, and is added to a Dice + cross-entropy loss, which alone punishes
/// false positives. (The paper writes the negative recall; the constant 1 keeps the loss in [0, 1].)
public struct SkeletonRecallLoss: OverlapLoss {
  /// Smoothing s.
  public var smooth: Double
  /// What the network's output stands for.
  public var prediction: Prediction
  /// How many voxels of the label each entry stands for.
  public var voxelsPerEntry: Double

  /// Skeleton recall.
  public init(smooth: Double = 1, on prediction: Prediction = .probabilities, voxelsPerEntry: Double = 1) {
    self.smooth = smooth
    self.prediction = prediction
    self.voxelsPerEntry = voxelsPerEntry
  }

  /// 1 − recall and its derivatives.
  public func value(at sums: OverlapSums) -> (value: Double, byTruePositives: Double, byPredicted: Double) {
    let denominator = sums.actual + smooth
    return (1 - (sums.truePositives + smooth) / denominator, -1 / denominator, 0)
  }
}

import Foundation

/// Softmax cross-entropy of logits, `−Σₖ wₖ·sₖ·ln pₖ`, divided by the samples' total class weight.
///
/// `s = (1 − ε)·t + ε/K` is the smoothed target (Szegedy et al., 2016). Equal to PyTorch's for one-hot targets, class weights
/// and smoothing included.
public struct CrossEntropyLoss: ClassLoss {
  /// Weight of each class; nil = 1.
  public var classWeights: [Double]?
  /// Smoothing ε.
  public var labelSmoothing: Double

  /// Softmax cross-entropy.
  public init(classWeights: [Double]? = nil, labelSmoothing: Double = 0) {
    self.classWeights = classWeights
    self.labelSmoothing = labelSmoothing
  }

  /// The cross-entropy of one sample.
  public func term(
    _ logits: UnsafeBufferPointer<Double>, target: UnsafeBufferPointer<Double>,
    slopes: UnsafeMutableBufferPointer<Double>
  ) -> Double {
    let total = logSumExp(logits)
    var (value, mass) = (0.0, 0.0)
    for k in logits.indices {
      let smoothed = (1 - labelSmoothing) * target[k] + labelSmoothing / Double(logits.count)
      let share = (classWeights?[k] ?? 1) * smoothed
      value += share * (total - logits[k])
      mass += share
      slopes[k] = -share
    }
    for k in logits.indices { slopes[k] += mass * exp(logits[k] - total) }
    return value
  }

  /// The weight of the sample's class.
  public func weight(of target: UnsafeBufferPointer<Double>) -> Double {
    guard let classWeights else { return 1 }
    return zip(classWeights, target).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

/// The focal loss of logits, `−Σₖ wₖ·tₖ·(1 − pₖ)^γ·ln pₖ` (Lin et al., 2017), mean over samples.
public struct FocalLoss: ClassLoss {
  /// Exponent γ; 0 is cross-entropy.
  public var gamma: Double
  /// Weight of each class (α of the paper); nil = 1.
  public var classWeights: [Double]?

  /// The focal loss; by default with the paper's exponent.
  public init(gamma: Double = 2, classWeights: [Double]? = nil) {
    self.gamma = gamma
    self.classWeights = classWeights
  }

  /// The focal loss of one sample.
  public func term(
    _ logits: UnsafeBufferPointer<Double>, target: UnsafeBufferPointer<Double>,
    slopes: UnsafeMutableBufferPointer<Double>
  ) -> Double {
    let total = logSumExp(logits)
    var value = 0.0
    for k in logits.indices where target[k] > 0 {
      let logP = logits[k] - total
      let p = exp(logP)
      let wrong = max(-expm1(logP), .leastNormalMagnitude)
      let share = (classWeights?[k] ?? 1) * target[k] * pow(wrong, gamma)
      value -= share * logP
      // d/d ln p of −(1 − p)^γ·ln p, and d ln pₖ / dzⱼ = [j = k] − pⱼ.
      let slope = share * (gamma * p * logP / wrong - 1)
      slopes[k] += slope
      for j in logits.indices { slopes[j] -= slope * exp(logits[j] - total) }
    }
    return value
  }
}

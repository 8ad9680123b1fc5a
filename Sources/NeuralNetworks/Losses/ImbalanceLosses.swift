import Foundation

/// Label-distribution-aware margins (LDAM; Cao et al., NeurIPS 2019): the true class's logit is lowered by a margin
/// `C·n^(−¼)`, the largest being `maximumMargin`, and all are scaled by s before the cross-entropy.
///
/// The paper's logits are cosines (last layer normalised); class weights are switched on late ("deferred
/// re-weighting"), by training with a loss without weights first.
public struct LDAMLoss: ClassLoss {
  /// The margin of each class.
  public let margins: [Double]
  /// Scale s of the logits.
  public var scale: Double
  /// Weight of each class; nil = 1.
  public var classWeights: [Double]?

  /// Margins for `counts` training samples per class; by default with the paper's constants.
  public init(
    counts: [Int], maximumMargin: Double = 0.5, scale: Double = 30, classWeights: [Double]? = nil
  ) {
    precondition(counts.allSatisfy { $0 > 0 }, "every class has samples")
    let raw = counts.map { pow(Double($0), -0.25) }
    let largest = raw.max() ?? 1
    margins = raw.map { maximumMargin * $0 / largest }
    self.scale = scale
    self.classWeights = classWeights
  }

  /// The loss of one sample; for a soft target the mean over its classes.
  public func term(
    _ logits: UnsafeBufferPointer<Double>, target: UnsafeBufferPointer<Double>,
    slopes: UnsafeMutableBufferPointer<Double>
  ) -> Double {
    var value = 0.0
    for y in logits.indices where target[y] > 0 {
      let lowered = logits.indices.lazy.map { scale * (logits[$0] - ($0 == y ? margins[y] : 0)) }
      let total = logSumExp(lowered)
      let share = target[y] * (classWeights?[y] ?? 1)
      value += share * (total - lowered[y])
      for k in logits.indices { slopes[k] += share * scale * (exp(lowered[k] - total) - (k == y ? 1 : 0)) }
    }
    return value
  }

  /// The weight of the sample's class.
  public func weight(of target: UnsafeBufferPointer<Double>) -> Double {
    CrossEntropyLoss(classWeights: classWeights).weight(of: target)
  }
}

/// Cross-entropy of adjusted logits `z + τ·ln π` (Menon et al., ICLR 2021); τ = 1 is the balanced softmax (Ren et al., 2020).
///
/// Train with this loss and predict from the plain logits, or train plainly and predict from ``adjusted(_:)``.
public struct LogitAdjustedLoss: ClassLoss {
  /// τ·ln πₖ, added to the logits in training.
  public let offsets: [Double]

  /// The adjustment for class shares `priors` (all positive).
  public init(priors: [Double], temperature: Double = 1) {
    precondition(priors.allSatisfy { $0 > 0 }, "every class has samples")
    offsets = priors.map { temperature * log($0) }
  }

  /// The logits of a plainly trained network less τ·ln π: its decision for balanced classes.
  public func adjusted(_ logits: [Float]) -> [Float] { zip(logits, offsets).map { $0 - Float($1) } }

  /// The cross-entropy of one sample's adjusted logits.
  public func term(
    _ logits: UnsafeBufferPointer<Double>, target: UnsafeBufferPointer<Double>,
    slopes: UnsafeMutableBufferPointer<Double>
  ) -> Double {
    let shifted = logits.indices.lazy.map { logits[$0] + offsets[$0] }
    let total = logSumExp(shifted)
    let mass = target.reduce(0, +)
    var value = 0.0
    for k in logits.indices {
      value += target[k] * (total - shifted[k])
      slopes[k] = mass * exp(shifted[k] - total) - target[k]
    }
    return value
  }
}

/// The label-distributionally robust loss with Kullback-Leibler regularisation (LDR-KL; Zhu, Ying and Yang, ICML 2023):
/// `λ·ln( (1/K)·Σₖ exp((zₖ + c·[k ≠ y] − z_y) / λ) )`, the worst mixture of the margin errors, kept near uniform by λ.
///
/// λ → 0 is the Crammer-Singer margin loss; λ = 1, c = 0 is the cross-entropy less ln K.
public struct LDRKLLoss: ClassLoss {
  /// Temperature λ > 0.
  public var temperature: Double
  /// Margin c asked of the true class.
  public var margin: Double

  /// The loss.
  public init(temperature: Double = 1, margin: Double = 0.1) {
    self.temperature = temperature
    self.margin = margin
  }

  /// The loss of one sample; for a soft target the mean over its classes.
  public func term(
    _ logits: UnsafeBufferPointer<Double>, target: UnsafeBufferPointer<Double>,
    slopes: UnsafeMutableBufferPointer<Double>
  ) -> Double {
    var value = 0.0
    for y in logits.indices where target[y] > 0 {
      let errors = logits.indices.lazy.map {
        (logits[$0] + ($0 == y ? 0 : margin) - logits[y]) / temperature
      }
      let total = logSumExp(errors)
      value += target[y] * temperature * (total - log(Double(logits.count)))
      for k in logits.indices { slopes[k] += target[y] * (exp(errors[k] - total) - (k == y ? 1 : 0)) }
    }
    return value
  }
}

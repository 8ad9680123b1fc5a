import Numerics

/// The mean over all entries of a function of one prediction and one target.
public protocol PointwiseLoss: Loss {
  /// The function's value and its derivative with respect to `x`, for sixteen entries.
  func term(_ x: SIMD16<Float>, target: SIMD16<Float>) -> (value: SIMD16<Float>, slope: SIMD16<Float>)
}

extension PointwiseLoss {
  /// The mean and its gradient in one pass.
  public func evaluate(
    _ prediction: UnsafeBufferPointer<Float>, target: UnsafeBufferPointer<Float>, shape: [Int],
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    precondition(prediction.count == target.count && prediction.count == gradient.count)
    let (x, t, slopes) = (VectorReader(prediction), VectorReader(target), VectorWriter(gradient))
    let share = 1 / Float(x.count)
    let sum = orderedSum(x.count) { block in
      var values = Vector.zero
      for i in stride(from: block.lowerBound, to: block.upperBound, by: 16) {
        var (value, slope) = term(x.vector(at: i), target: t.vector(at: i))
        if i + 16 > x.count {
          for lane in x.count - i..<16 { value[lane] = 0 }
        }
        values += value
        slopes.store(slope * share, at: i)
      }
      return [Double(values.sum()), 0, 0, 0]
    }
    return sum[0] / Double(x.count)
  }
}

/// The mean squared error, `(x − t)²`.
public struct MeanSquaredErrorLoss: PointwiseLoss {
  /// The mean squared error.
  public init() {}

  /// (x − t)² and 2(x − t).
  @inline(__always)
  public func term(
    _ x: SIMD16<Float>, target: SIMD16<Float>
  ) -> (value: SIMD16<Float>, slope: SIMD16<Float>) {
    let difference = x - target
    return (difference * difference, 2 * difference)
  }
}

/// Binary cross-entropy of logits z, `−w·t·ln σ(z) − (1 − t)·ln(1 − σ(z))`, exact for any z.
public struct BinaryCrossEntropyLoss: PointwiseLoss {
  /// Weight w of the positive class.
  public var positiveWeight: Float

  /// Binary cross-entropy.
  public init(positiveWeight: Float = 1) { self.positiveWeight = positiveWeight }

  /// The cross-entropy and its derivative (1 − t)·σ(z) − w·t·σ(−z).
  @inline(__always)
  public func term(
    _ x: SIMD16<Float>, target: SIMD16<Float>
  ) -> (value: SIMD16<Float>, slope: SIMD16<Float>) {
    let terms = BinaryTerms(logit: x)
    let positive = positiveWeight * target
    let negative = 1 - target
    return (
      positive * terms.minusLogP + negative * terms.minusLogQ, negative * terms.p - positive * terms.q
    )
  }
}

/// The focal loss of logits, `−α_t·(1 − p_t)^γ·ln p_t` (Lin et al., 2017), for targets 0 and 1 and between.
///
/// For soft targets `p_t = tp + (1 − t)(1 − p)`, the logarithm becomes the cross-entropy, as torchvision does.
public struct BinaryFocalLoss: PointwiseLoss {
  /// Exponent γ; 0 is cross-entropy.
  public var gamma: Float
  /// Weight α of the positive class; the negative class weighs 1 − α.
  public var alpha: Float

  /// The focal loss; by default with the paper's constants.
  public init(gamma: Float = 2, alpha: Float = 0.25) {
    self.gamma = gamma
    self.alpha = alpha
  }

  /// The focal loss and its derivative.
  @inline(__always)
  public func term(
    _ x: SIMD16<Float>, target: SIMD16<Float>
  ) -> (value: SIMD16<Float>, slope: SIMD16<Float>) {
    let terms = BinaryTerms(logit: x)
    let crossEntropy = target * terms.minusLogP + (1 - target) * terms.minusLogQ
    let wrong = target * terms.q + (1 - target) * terms.p  // 1 − p_t
    let focus = exp(gamma * log(wrong))
    let weight = alpha * target + (1 - alpha) * (1 - target)
    // d(1 − p_t)^γ = γ(1 − p_t)^γ·(1 − 2t)·p(1 − p) / (1 − p_t); the quotient is bounded.
    let least = Vector(repeating: .leastNormalMagnitude)
    let share = terms.p * terms.q / wrong.replacing(with: least, where: wrong .< least)
    let slope = focus * (gamma * (1 - 2 * target) * share * crossEntropy + terms.p - target)
    return (weight * focus * crossEntropy, weight * slope)
  }
}

/// Probability and logarithms of sixteen logits, without loss of digits at either end.
struct BinaryTerms {
  /// σ(z).
  let p: Vector
  /// 1 − σ(z).
  let q: Vector
  /// −ln σ(z).
  let minusLogP: Vector
  /// −ln(1 − σ(z)).
  let minusLogQ: Vector

  @inline(__always)
  init(logit z: Vector) {
    let negative = z .< 0
    let magnitude = z.replacing(with: -z, where: negative)
    let decay = exp(-magnitude)
    let larger = 1 / (1 + decay)
    let smaller = decay * larger
    p = larger.replacing(with: smaller, where: negative)
    q = smaller.replacing(with: larger, where: negative)
    let tail = log1p(decay)
    minusLogP = tail.replacing(with: tail + magnitude, where: negative)
    minusLogQ = (tail + magnitude).replacing(with: tail, where: negative)
  }
}

/// A number that says how far a prediction is from its target, with its gradient.
///
/// Tensors are N C D H W, N C H W or N C, the last axis fastest. A target has the shape of its prediction and values
/// in [0, 1]: masks and one-hot classes, or soft labels (warped masks, smoothed or mixed classes). Sums are taken in
/// double in an order that does not depend on the number of threads, so the same input gives the same bytes.
public protocol Loss: Sendable {
  /// The value of the loss; its derivative with respect to every entry of `prediction` is written to `gradient`.
  ///
  /// All three buffers hold as many values as `shape` has entries, and `gradient` overlaps neither of the others.
  func evaluate(
    _ prediction: UnsafeBufferPointer<Float>, target: UnsafeBufferPointer<Float>, shape: [Int],
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double
}

extension Loss {
  /// The value and the gradient for tensors held in arrays.
  public func callAsFunction(
    _ prediction: [Float], target: [Float], shape: [Int]
  ) -> (value: Double, gradient: [Float]) {
    var value = 0.0
    let gradient = [Float](unsafeUninitializedCapacity: prediction.count) { buffer, count in
      let slopes = UnsafeMutableBufferPointer(rebasing: buffer[..<prediction.count])
      slopes.initialize(repeating: 0)
      value = prediction.withUnsafeBufferPointer { prediction in
        target.withUnsafeBufferPointer { target in
          evaluate(prediction, target: target, shape: shape, gradient: slopes)
        }
      }
      count = prediction.count
    }
    return (value, gradient)
  }
}

/// What a network's output stands for.
public enum Prediction: Hashable, Sendable {
  /// Values in [0, 1].
  case probabilities
  /// Values before the logistic function, which the loss applies.
  case logits
}

/// A weighted sum of losses of the same prediction and target, such as Dice + cross-entropy.
public struct CompoundLoss: Loss {
  /// The losses with their weights.
  public var terms: [(weight: Double, loss: any Loss)]

  /// The sum of `terms`.
  public init(_ terms: [(weight: Double, loss: any Loss)]) { self.terms = terms }

  /// The weighted sum of the terms' values and gradients.
  public func evaluate(
    _ prediction: UnsafeBufferPointer<Float>, target: UnsafeBufferPointer<Float>, shape: [Int],
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    gradient.update(repeating: 0)
    let part = UnsafeMutableBufferPointer<Float>.allocate(capacity: gradient.count)
    defer { part.deallocate() }
    part.initialize(repeating: 0)
    var value = 0.0
    for (weight, loss) in terms {
      value += weight * loss.evaluate(prediction, target: target, shape: shape, gradient: part)
      let scale = Float(weight)
      for i in gradient.indices { gradient[i] += scale * part[i] }
    }
    return value
  }
}

import Foundation

/// Adam (Kingma and Ba, ICLR 2015), or AdamW with decoupled weight decay (Loshchilov and Hutter, ICLR 2019), as PyTorch
/// computes them.
public struct Adam: Hashable, Sendable, Codable {
  /// Decay β₁ of the mean gradient.
  public var beta1: Double
  /// Decay β₂ of the mean squared gradient.
  public var beta2: Double
  /// Added to the root ε.
  public var epsilon: Double
  /// Weight decay λ: weights shrink by the factor 1 − ηλ before each step, apart from the gradient (AdamW).
  public var weightDecay: Double

  /// Adam with the papers' constants, without weight decay unless asked for.
  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  func apply(_ update: ParameterUpdate, to slices: [ParameterSlice]) {
    let step = Double(update.step)
    let rate = Float(update.learningRate / (1 - pow(beta1, step)))
    let correction = Float(1 / (1 - pow(beta2, step)).squareRoot())
    let (first, second, tiny) = (Float(1 - beta1), Float(1 - beta2), Float(epsilon))
    let (kept, shrink) = (Float(beta2), Float(1 - update.learningRate * weightDecay))
    update.forEachVector(of: slices) { w, g, m, v, decays in
      if decays { w *= shrink }
      m += (g - m) * first
      v = v * kept + g * g * second
      w -= rate * m / (v.squareRoot() * correction + tiny)
    }
  }
}

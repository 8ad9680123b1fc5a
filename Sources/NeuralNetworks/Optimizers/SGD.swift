/// Stochastic gradient descent with momentum, classical or Nesterov's (Sutskever et al., ICML 2013), as PyTorch computes it.
public struct SGD: Hashable, Sendable, Codable {
  /// Momentum μ: `v ← μ·v + g`.
  public var momentum: Double
  /// Whether the step looks ahead, `g + μ·v` instead of `v`.
  public var nesterov: Bool
  /// Weight decay λ, added to the gradient as λ·w.
  public var weightDecay: Double

  /// By default nnU-Net's constants: Nesterov momentum 0.99, weight decay 3e-5.
  public init(momentum: Double = 0.99, nesterov: Bool = true, weightDecay: Double = 3e-5) {
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
  }

  func apply(_ update: ParameterUpdate, to slices: [ParameterSlice]) {
    let (rate, kept, decay) = (Float(update.learningRate), Float(momentum), Float(weightDecay))
    update.forEachVector(of: slices) { w, g, m, _, decays in
      let direction = decays ? g.addingProduct(w, Vector(repeating: decay)) : g
      m = m * kept + direction
      w -= rate * (nesterov ? direction + kept * m : m)
    }
  }
}

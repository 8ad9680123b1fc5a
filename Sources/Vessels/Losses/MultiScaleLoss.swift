import NeuralNetworks

/// A loss on the outputs at several scales, as U-Net MSS is trained (DS6, Chatterjee et al., 2022):
/// `1·L(out₀) + 0.66·L(out₁) + 0.34·L(out₂)`, every coarse output standing for its nearest-neighbour up-sampling.
public struct MultiScaleLoss: Sendable {
  /// The weight of each scale, fine to coarse; not normalised.
  public var weights: [Double]
  /// The loss of one scale for outputs of which each entry stands for so many voxels of the label; on logits.
  public var loss: @Sendable (_ voxelsPerEntry: Double) -> any Loss

  /// The published weights with `loss` at each scale.
  public init(
    weights: [Double] = [1, 0.66, 0.34], loss: @escaping @Sendable (_ voxelsPerEntry: Double) -> any Loss
  ) {
    self.weights = weights
    self.loss = loss
  }

  /// The focal Tversky loss of DS6 at three scales.
  public static let ds6 = MultiScaleLoss {
    FocalTverskyLoss(on: .logits, voxelsPerEntry: $0)
  }

  /// The value for one scale, unweighted; `gradient` with respect to its logits is overwritten.
  public func evaluate(
    level: Int, logits: UnsafeBufferPointer<Float>, labels: LabelPyramid,
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    labels.levels[level].withUnsafeBufferPointer { target in
      loss(labels.voxelsPerEntry(level))
        .evaluate(logits, target: target, shape: labels.shapes[level], gradient: gradient)
    }
  }

  /// The weighted sum over the scales; `gradients`, one buffer a scale, are overwritten with those of the weighted sum.
  public func evaluate(
    logits: [UnsafeBufferPointer<Float>], labels: LabelPyramid,
    gradients: [UnsafeMutableBufferPointer<Float>]
  ) -> Double {
    precondition(logits.count <= weights.count && logits.count <= labels.levels.count)
    var total = 0.0
    for level in logits.indices {
      let gradient = gradients[level]
      total +=
        weights[level] * evaluate(level: level, logits: logits[level], labels: labels, gradient: gradient)
      let weight = Float(weights[level])
      if weight != 1 { for index in gradient.indices { gradient[index] *= weight } }
    }
    return total
  }
}

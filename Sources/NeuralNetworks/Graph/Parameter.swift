/// One named array of a network: a weight the optimiser changes, or a statistic the forward pass updates.
public struct Parameter: Hashable, Sendable, Codable {
  /// What changes a parameter.
  public enum Role: String, Hashable, Sendable, Codable {
    /// The optimiser, by its gradient.
    case trainable
    /// A training forward pass: running mean and variance of a batch normalisation.
    case statistic
  }

  /// The name in a weights file, such as `encoder1.0.weight`; unique in its network.
  public let name: String
  /// Extents, slowest first: convolutions `out, in / groups, kernel…`; transposed ones `in, out / groups, kernel…`;
  /// dense layers `out, in`; vectors `channels`.
  public let shape: [Int]
  /// The distribution of the first values.
  public let initialisation: Initialisation
  /// What changes it.
  public let role: Role

  /// The number of scalars.
  public var count: Int { shape.reduce(1, *) }
}

/// The distribution from which the first values of a parameter are drawn.
public enum Initialisation: Hashable, Sendable, Codable {
  /// Every value the same.
  case constant(Float)
  /// Uniform in ±bound.
  case uniform(bound: Float)
  /// Normal with mean zero.
  case normal(standardDeviation: Float)
}

/// How the weights of a convolution or dense layer begin.
public enum WeightInitialisation: Hashable, Sendable, Codable {
  /// U(±1/√fan-in) for weight and bias: Kaiming-uniform with a = √5, PyTorch's default (He et al., 2015).
  case kaimingUniform
  /// N(0, 2 / fan-out) for the weight, zero for the bias (He et al., 2015; torchvision's classifiers).
  case kaimingNormalFanOut
  /// U(±1/√fan-out) for the weight, zero for the bias (torchvision's classifier heads).
  case uniformFanOut

  func weight(fanIn: Int, fanOut: Int) -> Initialisation {
    switch self {
    case .kaimingUniform: .uniform(bound: 1 / Float(fanIn).squareRoot())
    case .kaimingNormalFanOut: .normal(standardDeviation: (2 / Float(fanOut)).squareRoot())
    case .uniformFanOut: .uniform(bound: 1 / Float(fanOut).squareRoot())
    }
  }

  func bias(fanIn: Int) -> Initialisation {
    self == .kaimingUniform ? .uniform(bound: 1 / Float(fanIn).squareRoot()) : .constant(0)
  }
}

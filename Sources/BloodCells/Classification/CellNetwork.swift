import NeuralNetworks

/// The network that tells types of cells apart: N C H W → N K 1 1, logits; pictures of 64 × 64 pixels unless said otherwise.
///
/// The channels are red, green, blue, membership, and one constant plane for each feature (``CellFeatures``).
public enum CellNetwork: Hashable, Sendable, Codable {
  /// Four levels of residual blocks (He et al., CVPR 2016), `width` channels on the first and twice as many on each
  /// further one; the features reach the classifier directly as well.
  case small(width: Int)
  /// EfficientNet-B0 (Tan and Le, ICML 2019), first convolution widened to all channels.
  case b0
  /// EfficientNet-B1.
  case b1
  /// EfficientNet-Lite0.
  case lite0

  /// Channels of the input.
  public static let channels = 4 + CellFeatures.count
  /// The layer that turns pooled features into logits; its input is the network's second output.
  public static let lastLayer = "classifier.1"

  /// The network for `classes` types. Outputs: the logits and, with `features`, what the last layer reads.
  public func network(classes: Int, features: Bool = false) -> Network {
    if case .small(let width) = self { return Self.small(width: width, classes: classes, features: features) }
    guard var design = efficientNet(classes: classes) else { preconditionFailure("small or an EfficientNet") }
    design.inputChannels = Self.channels
    var network = design.network()
    if features, let logits = network.outputs.first {
      network.setOutputs([logits] + network.inputs(of: logits))
    }
    return network
  }

  /// The EfficientNet for RGB images that it was made from; nil for the small network.
  func efficientNet(classes: Int) -> EfficientNet? {
    switch self {
    case .small: nil
    case .b0: .b0(classes: classes)
    case .b1: .b1(classes: classes)
    case .lite0: .lite0(classes: classes)
    }
  }

  /// Whether the numbers make sense, for networks read from files.
  var isValid: Bool {
    if case .small(let width) = self { return (4...512).contains(width) && width % 4 == 0 }
    return true
  }

  private static func small(width: Int, classes: Int, features: Bool) -> Network {
    var network = Network(spatialAxes: 2)
    let input = network.input(channels: channels)
    var x = convolution(&network, input, to: width, stride: 2, name: "stem")
    for level in 0..<4 {
      if level > 0 { x = convolution(&network, x, to: width << level, stride: 2, name: "down.\(level)") }
      let y = convolution(&network, x, to: x.channels, stride: 1, name: "block.\(level).0")
      let z = convolution(
        &network, y, to: x.channels, stride: 1, activated: false, name: "block.\(level).1")
      x = network.activation(network.addition(z, x), .silu)
    }
    // The mean of a constant plane is its feature.
    let means = network.globalAveragePooling(input)
    let facts = network.activation(
      network.convolution(means, to: 32, Convolution(kernel: 1), name: "features.0"), .silu)
    let all = network.concatenation([network.globalAveragePooling(x), facts])
    let mixed = network.dropout(all, probability: 0.2)
    let logits = network.dense(mixed, to: classes, initialisation: .uniformFanOut, name: lastLayer)
    network.setOutputs(features ? [logits, mixed] : [logits])
    return network
  }

  private static func convolution(
    _ network: inout Network, _ x: FeatureMap, to channels: Int, stride: Int, activated: Bool = true,
    name: String
  ) -> FeatureMap {
    let geometry = Convolution(
      kernel: 3, stride: stride, bias: false, initialisation: .kaimingNormalFanOut)
    let y = network.convolution(x, to: channels, geometry, name: "\(name).0")
    let normal = network.normalisation(y, Normalisation(.batch(momentum: 0.1)), name: "\(name).1")
    return activated ? network.activation(normal, .silu) : normal
  }
}

/// EfficientNet (Tan and Le, ICML 2019): mobile inverted bottlenecks with squeeze-and-excitation, scaled in width and depth.
///
/// Input N C H W, output N K 1 1, logits. Parameters carry torchvision's names, so that its weights can be read.
public struct EfficientNet: Hashable, Sendable, Codable {
  /// Number of classes K.
  public var classes: Int
  /// Channels of the input.
  public var inputChannels: Int
  /// Factor on every number of channels; results are rounded to multiples of 8.
  public var widthFactor: Double
  /// Factor on the number of blocks of every stage, rounded up.
  public var depthFactor: Double
  /// Side of the square images that the paper trains on; any side works.
  public var resolution: Int
  /// Probability of dropout before the classifier.
  public var dropout: Float
  /// Probability that the last block is skipped in training; earlier blocks in proportion to their depth.
  public var stochasticDepth: Float

  /// Without squeeze-and-excitation, and ReLU6 instead of SiLU: the Lite variants.
  public var isLite = false

  /// EfficientNet-B0 for RGB images.
  public static func b0(classes: Int) -> EfficientNet {
    EfficientNet(
      classes: classes, inputChannels: 3, widthFactor: 1, depthFactor: 1, resolution: 224, dropout: 0.2,
      stochasticDepth: 0.2)
  }

  /// EfficientNet-B1 for RGB images: 1.1 times as deep.
  public static func b1(classes: Int) -> EfficientNet {
    var network = b0(classes: classes)
    network.depthFactor = 1.1
    network.resolution = 240
    return network
  }

  /// EfficientNet-Lite0 for RGB images: B0 without squeeze-and-excitation and with ReLU6, made for small processors and
  /// published with TensorFlow in 2020.
  public static func lite0(classes: Int) -> EfficientNet {
    var network = b0(classes: classes)
    network.isLite = true
    return network
  }

  /// One row of the paper's table 1.
  private struct Stage {
    let expansion: Int
    let kernel: Int
    let stride: Int
    let channels: Int
    let blocks: Int
  }

  private static let stages = [
    Stage(expansion: 1, kernel: 3, stride: 1, channels: 16, blocks: 1),
    Stage(expansion: 6, kernel: 3, stride: 2, channels: 24, blocks: 2),
    Stage(expansion: 6, kernel: 5, stride: 2, channels: 40, blocks: 2),
    Stage(expansion: 6, kernel: 3, stride: 2, channels: 80, blocks: 3),
    Stage(expansion: 6, kernel: 5, stride: 1, channels: 112, blocks: 3),
    Stage(expansion: 6, kernel: 5, stride: 2, channels: 192, blocks: 4),
    Stage(expansion: 6, kernel: 3, stride: 1, channels: 320, blocks: 1),
  ]

  /// The network.
  public func network() -> Network {
    var network = Network(spatialAxes: 2)
    var x = network.input(channels: inputChannels)
    x = convolution(&network, x, to: scaled(32), kernel: 3, stride: 2, name: "features.0")
    let total = blocks(before: Self.stages.count)
    var index = 0
    for (number, stage) in Self.stages.enumerated() {
      for repeatIndex in 0..<repeats(stage) {
        x = bottleneck(
          &network, x, stage, stride: repeatIndex == 0 ? stage.stride : 1,
          skipping: stochasticDepth * Float(index) / Float(total),
          name: "features.\(number + 1).\(repeatIndex)")
        index += 1
      }
    }
    x = convolution(
      &network, x, to: 4 * x.channels, kernel: 1, stride: 1, name: "features.\(Self.stages.count + 1)")
    x = network.globalAveragePooling(x)
    if dropout > 0 { x = network.dropout(x, probability: dropout) }
    network.setOutputs([network.dense(x, to: classes, initialisation: .uniformFanOut, name: "classifier.1")])
    return network
  }

  /// Blocks of all stages before stage `number`, 0 = first.
  func blocks(before number: Int) -> Int { Self.stages.prefix(number).reduce(0) { $0 + repeats($1) } }

  private func repeats(_ stage: Stage) -> Int { Int((Double(stage.blocks) * depthFactor).rounded(.up)) }

  /// A number of channels times the width factor, to the nearest multiple of 8 that is not more than 10 % below.
  private func scaled(_ channels: Int) -> Int {
    let exact = Double(channels) * widthFactor
    let nearest = max(8, Int(exact + 4) / 8 * 8)
    return Double(nearest) < 0.9 * exact ? nearest + 8 : nearest
  }

  /// What is added to the variances of batch normalisations.
  var epsilon: Float { isLite ? 1e-3 : 1e-5 }

  private var activation: Activation { isLite ? .relu6 : .silu }

  /// Convolution without bias → batch norm → activation (or nothing).
  private func convolution(
    _ network: inout Network, _ x: FeatureMap, to channels: Int, kernel: Int, stride: Int, groups: Int = 1,
    activated: Bool = true, name: String
  ) -> FeatureMap {
    let geometry = Convolution(
      kernel: kernel, stride: stride, groups: groups, bias: false, initialisation: .kaimingNormalFanOut)
    let y = network.convolution(x, to: channels, geometry, name: "\(name).0")
    let normal = network.normalisation(
      y, Normalisation(.batch(momentum: 0.1), epsilon: epsilon), name: "\(name).1")
    return activated ? network.activation(normal, activation) : normal
  }

  /// Widen, filter each channel, weigh the channels, narrow, and add the input where the shape allows it.
  private func bottleneck(
    _ network: inout Network, _ input: FeatureMap, _ stage: Stage, stride: Int, skipping: Float, name: String
  ) -> FeatureMap {
    let output = scaled(stage.channels)
    let wide = stage.expansion * input.channels
    var (x, part) = (input, 0)
    func next() -> String {
      defer { part += 1 }
      return "\(name).block.\(part)"
    }
    if stage.expansion > 1 { x = convolution(&network, x, to: wide, kernel: 1, stride: 1, name: next()) }
    x = convolution(&network, x, to: wide, kernel: stage.kernel, stride: stride, groups: wide, name: next())
    if !isLite { x = squeezeExcitation(&network, x, to: max(1, input.channels / 4), name: next()) }
    x = convolution(&network, x, to: output, kernel: 1, stride: 1, activated: false, name: next())
    guard stride == 1 && output == input.channels else { return x }
    if skipping > 0 { x = network.stochasticDepth(x, probability: skipping) }
    return network.addition(x, input)
  }

  /// Channels weighted by what their means say (Hu et al., CVPR 2018).
  private func squeezeExcitation(
    _ network: inout Network, _ x: FeatureMap, to squeezed: Int, name: String
  ) -> FeatureMap {
    let geometry = Convolution(kernel: 1, initialisation: .kaimingNormalFanOut)
    let mean = network.globalAveragePooling(x)
    let inner = network.activation(
      network.convolution(mean, to: squeezed, geometry, name: "\(name).fc1"), .silu)
    let gate = network.convolution(inner, to: x.channels, geometry, name: "\(name).fc2")
    return network.multiplication(x, by: network.activation(gate, .sigmoid))
  }
}

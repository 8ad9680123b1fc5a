/// A 3D U-Net (Çiçek et al., 2016) as DS6 and SPOCKMIP use it: five levels, two convolutions each, channels doubling.
///
/// Input N C D H W with sides divisible by `2^(levels − 1)`. Outputs are logits, full resolution first, then one per
/// supervised level, each at its own resolution (half, quarter, …).
public struct UNet3D: Hashable, Sendable, Codable {
  /// What is joined to the decoder at each level.
  public enum Skip: String, Hashable, Sendable, Codable {
    /// The encoder's map as it is.
    case plain
    /// The encoder's map weighted by an attention gate (Oktay et al., 2018).
    case attention
  }

  /// How coarser decoder levels give outputs of their own.
  public enum DeepSupervision: String, Hashable, Sendable, Codable {
    /// Only the full resolution gives an output.
    case none
    /// A 1 × 1 × 1 convolution each, as the published figure shows.
    case pointwise
    /// Two 3 × 3 × 3 convolutions each, ending in an activation, as the published weights have them: these logits cannot
    /// be negative. For importing only.
    case convolutionBlock
  }

  /// Channels at full resolution; they double at every level.
  public var width: Int
  /// Resolutions, the full one included.
  public var levels: Int
  /// Channels of the input.
  public var inputChannels: Int
  /// Channels of each output.
  public var outputChannels: Int
  /// What is joined to the decoder.
  public var skip: Skip
  /// Outputs at half and quarter resolution.
  public var supervision: DeepSupervision
  /// Slope of the activation for negative values: 0 = ReLU (DS6), 0.01 = LeakyReLU (SPOCKMIP).
  public var negativeSlope: Float

  /// A U-Net of the given width with one input and one output channel: by default five levels, ReLU, one output.
  public init(
    width: Int, levels: Int = 5, skip: Skip = .plain, supervision: DeepSupervision = .none,
    negativeSlope: Float = 0
  ) {
    self.width = width
    self.levels = levels
    inputChannels = 1
    outputChannels = 1
    self.skip = skip
    self.supervision = supervision
    self.negativeSlope = negativeSlope
  }

  /// U-Net MSS, the network of DS6: outputs at full, half and quarter resolution.
  public static func multiScale(width: Int) -> UNet3D { UNet3D(width: width, supervision: .pointwise) }

  /// Attention U-Net: gated skips, one output.
  public static func attention(width: Int) -> UNet3D { UNet3D(width: width, skip: .attention) }

  /// The least common divisor of the input's sides.
  public var divisor: Int { 1 << (levels - 1) }

  /// Channels at a level, 1 = full resolution.
  public func channels(_ level: Int) -> Int { width << (level - 1) }

  /// The network.
  public func network() -> Network {
    precondition(levels >= 2 && (supervision == .none || levels >= 4), "levels for every output")
    var network = Network(spatialAxes: 3)
    var x = network.input(channels: inputChannels)
    var encoded: [FeatureMap] = []
    for level in 1...levels {
      if level > 1 { x = network.pooling(x, Pooling(.maximum, kernel: 2, stride: 2)) }
      x = block(&network, x, to: channels(level), name: "encoder\(level)")
      encoded.append(x)
    }
    var decoded: [Int: FeatureMap] = [:]
    for level in (1..<levels).reversed() {
      let name = "decoder\(level)"
      let up = upConvolution(&network, x, to: channels(level), name: "\(name).up")
      let skipped = encoded[level - 1]
      let joined =
        skip == .plain ? skipped : gated(&network, skipped, by: up, level: level, name: "\(name).attention")
      x = block(&network, network.concatenation([joined, up]), to: channels(level), name: name)
      decoded[level] = x
    }
    var outputs = [network.convolution(x, to: outputChannels, Convolution(kernel: 1), name: "head1")]
    for level in 2...3 where supervision != .none {
      guard let map = decoded[level] else { continue }
      outputs.append(head(&network, map, name: "head\(level)"))
    }
    network.setOutputs(outputs)
    return network
  }

  private var activation: Activation { negativeSlope == 0 ? .relu : .leakyReLU(slope: negativeSlope) }

  /// Convolution 3³ → batch norm → activation, twice.
  private func block(_ network: inout Network, _ input: FeatureMap, to channels: Int, name: String)
    -> FeatureMap
  {
    var x = input
    for index in 1...2 {
      x = network.convolution(x, to: channels, Convolution(kernel: 3), name: "\(name).conv\(index)")
      x = network.normalisation(x, Normalisation(.batch(momentum: 0.1)), name: "\(name).norm\(index)")
      x = network.activation(x, activation)
    }
    return x
  }

  /// Nearest-neighbour up-sampling by 2 → convolution 3³ → batch norm → activation.
  private func upConvolution(
    _ network: inout Network, _ input: FeatureMap, to channels: Int, name: String
  ) -> FeatureMap {
    var x = network.upsampling(input, Upsampling(.nearest, factor: 2))
    x = network.convolution(x, to: channels, Convolution(kernel: 3), name: "\(name).conv")
    x = network.normalisation(x, Normalisation(.batch(momentum: 0.1)), name: "\(name).norm")
    return network.activation(x, activation)
  }

  /// `x·ψ` with `ψ = σ(BN(W·ReLU(BN(W_g·g) + BN(W_x·x))))` (Oktay et al., 2018): one weight per voxel.
  private func gated(
    _ network: inout Network, _ x: FeatureMap, by gate: FeatureMap, level: Int, name: String
  ) -> FeatureMap {
    func projected(_ map: FeatureMap, _ channels: Int, _ role: String) -> FeatureMap {
      let y = network.convolution(map, to: channels, Convolution(kernel: 1), name: "\(name).\(role).conv")
      return network.normalisation(y, Normalisation(.batch(momentum: 0.1)), name: "\(name).\(role).norm")
    }
    let inner = max(1, channels(level) / 2)
    let sum = network.addition(projected(gate, inner, "gate"), projected(x, inner, "skip"))
    let weight = projected(network.activation(sum, .relu), 1, "weight")
    return network.multiplication(x, by: network.activation(weight, .sigmoid))
  }

  private func head(_ network: inout Network, _ map: FeatureMap, name: String) -> FeatureMap {
    supervision == .convolutionBlock
      ? block(&network, map, to: outputChannels, name: name)
      : network.convolution(map, to: outputChannels, Convolution(kernel: 1), name: name)
  }
}

// Functions that add one layer. A layer with parameters has a name; its parameters are called `NAME.weight` and so on,
// as PyTorch does.
extension Network {
  /// The network's input, N `channels` and the spatial axes.
  public mutating func input(channels: Int) -> FeatureMap {
    precondition(!nodes.contains { $0.layer == .input }, "a network has one input")
    return add(.input, reading: [], channels: channels, name: "input")
  }

  /// A convolution to `channels` output channels.
  public mutating func convolution(
    _ x: FeatureMap, to channels: Int, _ geometry: Convolution, name: String
  ) -> FeatureMap {
    kernels(.convolution(geometry), x, channels, geometry, name, outer: channels, inner: x.channels)
  }

  /// A transposed convolution to `channels` output channels; spatial extents (n − 1) · stride − 2 · padding + kernel.
  public mutating func transposedConvolution(
    _ x: FeatureMap, to channels: Int, _ geometry: Convolution, name: String
  ) -> FeatureMap {
    kernels(
      .transposedConvolution(geometry), x, channels, geometry, name, outer: x.channels, inner: channels)
  }

  /// A layer whose weight has `outer` kernels for each group of the `inner` channels.
  private mutating func kernels(
    _ layer: Layer, _ x: FeatureMap, _ channels: Int, _ geometry: Convolution, _ name: String, outer: Int,
    inner: Int
  ) -> FeatureMap {
    precondition(
      x.channels % geometry.groups == 0 && channels % geometry.groups == 0, "groups divide channels")
    let window = power(geometry.kernel)
    return weighted(
      layer, x, channels, geometry, name, shape: [outer, inner / geometry.groups] + kernelShape(geometry),
      fanIn: inner / geometry.groups * window, fanOut: outer * window)
  }

  /// A matrix applied to the channels of a map whose spatial extents are all 1.
  public mutating func dense(
    _ x: FeatureMap, to channels: Int, initialisation: WeightInitialisation = .kaimingUniform, name: String
  ) -> FeatureMap {
    let geometry = Convolution(kernel: 1, initialisation: initialisation)
    return weighted(
      .dense, x, channels, geometry, name, shape: [channels, x.channels], fanIn: x.channels, fanOut: channels)
  }

  /// Largest or mean value of windows.
  public mutating func pooling(_ x: FeatureMap, _ pooling: Pooling) -> FeatureMap {
    add(.pooling(pooling), reading: [x], channels: x.channels, name: "pooling")
  }

  /// Mean over all spatial positions.
  public mutating func globalAveragePooling(_ x: FeatureMap) -> FeatureMap {
    add(.globalAveragePooling, reading: [x], channels: x.channels, name: "pooling")
  }

  /// Enlargement by a whole factor.
  public mutating func upsampling(_ x: FeatureMap, _ upsampling: Upsampling) -> FeatureMap {
    add(.upsampling(upsampling), reading: [x], channels: x.channels, name: "upsampling")
  }

  /// Zero mean, unit variance, learned scale and shift.
  public mutating func normalisation(
    _ x: FeatureMap, _ normalisation: Normalisation, name: String
  ) -> FeatureMap {
    func vector(_ role: String, _ value: Float, _ kind: Parameter.Role) -> (String, Parameter) {
      let parameter = Parameter(
        name: "\(name).\(role)", shape: [x.channels], initialisation: .constant(value), role: kind)
      return (role, parameter)
    }
    var defined = [vector("weight", 1, .trainable), vector("bias", 0, .trainable)]
    switch normalisation.kind {
    case .batch: defined += [vector("running_mean", 0, .statistic), vector("running_var", 1, .statistic)]
    case .group(let count): precondition(x.channels % count == 0, "groups divide channels")
    case .instance: break
    }
    return add(
      .normalisation(normalisation), reading: [x], channels: x.channels, name: name, defining: defined)
  }

  /// A function of each value alone.
  public mutating func activation(_ x: FeatureMap, _ activation: Activation) -> FeatureMap {
    add(.activation(activation), reading: [x], channels: x.channels, name: "activation")
  }

  /// Values dropped at random in training.
  public mutating func dropout(_ x: FeatureMap, probability: Float) -> FeatureMap {
    precondition((0..<1).contains(probability), "a probability below 1")
    return add(.dropout(probability: probability), reading: [x], channels: x.channels, name: "dropout")
  }

  /// Whole samples dropped at random in training.
  public mutating func stochasticDepth(_ x: FeatureMap, probability: Float) -> FeatureMap {
    precondition((0..<1).contains(probability), "a probability below 1")
    return add(.stochasticDepth(probability: probability), reading: [x], channels: x.channels, name: "depth")
  }

  /// Maps side by side along the channel axis, in the order given.
  public mutating func concatenation(_ maps: [FeatureMap]) -> FeatureMap {
    add(.concatenation, reading: maps, channels: maps.reduce(0) { $0 + $1.channels }, name: "concatenation")
  }

  /// The sum of two maps of the same shape.
  public mutating func addition(_ a: FeatureMap, _ b: FeatureMap) -> FeatureMap {
    precondition(a.channels == b.channels, "maps of the same shape")
    return add(.addition, reading: [a, b], channels: a.channels, name: "addition")
  }

  /// The product of a map and a gate (one value per channel, or one per position, or one per value).
  public mutating func multiplication(_ map: FeatureMap, by gate: FeatureMap) -> FeatureMap {
    precondition(gate.channels == map.channels || gate.channels == 1, "a gate per channel or one for all")
    return add(.multiplication, reading: [map, gate], channels: map.channels, name: "multiplication")
  }

  /// exp(x) / Σ exp(x) over the channels.
  public mutating func softmax(_ x: FeatureMap) -> FeatureMap {
    add(.softmax, reading: [x], channels: x.channels, name: "softmax")
  }

  private func power(_ extent: Int) -> Int { (0..<spatialAxes).reduce(1) { product, _ in product * extent } }

  private func kernelShape(_ geometry: Convolution) -> [Int] {
    Array(repeating: geometry.kernel, count: spatialAxes)
  }

  private mutating func weighted(
    _ layer: Layer, _ x: FeatureMap, _ channels: Int, _ geometry: Convolution, _ name: String, shape: [Int],
    fanIn: Int, fanOut: Int
  ) -> FeatureMap {
    let start = geometry.initialisation
    let weight = Parameter(
      name: "\(name).weight", shape: shape, initialisation: start.weight(fanIn: fanIn, fanOut: fanOut),
      role: .trainable)
    let bias = Parameter(
      name: "\(name).bias", shape: [channels], initialisation: start.bias(fanIn: fanIn), role: .trainable)
    return add(
      layer, reading: [x], channels: channels, name: name,
      defining: [("weight", weight)] + (geometry.bias ? [("bias", bias)] : []))
  }
}

extension PlanCompiler {
  /// The operation that computes a unit.
  mutating func operation(
    _ unit: Unit, _ index: Int, _ targets: [GradientTarget?]
  ) throws(NeuralNetworkError) -> Operation {
    guard let output = images[unit.output] else { throw .shape(layer: "plan", reason: "a map has no place") }
    var inputs: [PlanImage] = []
    for input in unit.inputs {
      guard let image = images[input] else { throw .shape(layer: "plan", reason: "a map has no place") }
      inputs.append(image)
    }
    let arrived = mode == .training ? gradients[unit.output] : nil
    let first = targets.first ?? nil
    switch unit.kind {
    case .output(let number):
      return OutputOperation(
        name: "output \(number)", input: inputs[0], inputGradient: first, bfloat16: bfloat16, arena: arena,
        team: team)
    case .convolution(let node, let upsampled, let normalisation, let activation):
      let design = try design(node, upsampled, normalisation, activation)
      let name = network.nodes[node].name
      if first == nil && StemOperation.takes(design, inputs[0], output) {
        return StemOperation(
          design, name: name, input: inputs[0], output: output, outputGradient: arrived, arena: arena,
          team: team)
      }
      if HeadOperation.takes(design, inputs[0], output) {
        return HeadOperation(
          design, name: name, input: inputs[0], output: output, outputGradient: arrived, inputGradient: first,
          arena: arena, team: team)
      }
      let convolution = try ConvolutionOperation(
        design, name: name, input: inputs[0], output: output, outputGradient: arrived, inputGradient: first,
        arena: arena, team: team)
      for reader in units.readers[unit.output] {
        if let image = pooled(by: reader), convolution.pool(to: image) { pooledNodes.insert(reader) }
      }
      return convolution
    case .normalisation(let node, let activation):
      return try self.normalisation(node, activation, inputs[0], output, arrived, first)
    case .single(let node):
      return try single(node, index, inputs, output, arrived, targets)
    }
  }

  /// The image of a node that takes the largest values of windows of 2³.
  private func pooled(by node: Int) -> PlanImage? {
    guard node >= 0, network.spatialAxes == 3, case .pooling(let pooling) = network.nodes[node].layer,
      pooling.kind == .maximum, pooling.kernel == 2, pooling.stride == 2, pooling.padding == 0
    else { return nil }
    return images[node]
  }

  private func range(_ node: Int, _ role: String) -> Range<Int>? {
    network.nodes[node].parameters[role].flatMap { table.range(of: network.parameters[$0].name) }
  }

  private func required(_ node: Int, _ role: String) throws(NeuralNetworkError) -> Range<Int> {
    guard let range = range(node, role) else {
      throw .parameterMismatch(name: network.nodes[node].name, expected: role, found: "nothing")
    }
    return range
  }

  private func design(
    _ node: Int, _ upsampled: Bool, _ normalisation: Int?, _ activation: Activation?
  ) throws(NeuralNetworkError) -> ConvolutionDesign {
    var geometry = Convolution(kernel: 1)
    var adjoint = upsampled
    switch network.nodes[node].layer {
    case .convolution(let own): geometry = own
    case .transposedConvolution(let own):
      geometry = own
      adjoint = true
    default: break
    }
    if upsampled { geometry = Convolution(kernel: 4, stride: 2, padding: 1, bias: geometry.bias) }
    var folded: FoldedNormalisation?
    if let normalisation, case .normalisation(let layer) = network.nodes[normalisation].layer {
      folded = FoldedNormalisation(
        weight: try required(normalisation, "weight"), bias: try required(normalisation, "bias"),
        mean: try required(normalisation, "running_mean"),
        variance: try required(normalisation, "running_var"), epsilon: layer.epsilon)
    }
    let reader = units.onlyReader(node)
    let ignoresBias =
      mode == .training && reader.map { units.isBatchNormalisation(network.nodes[$0].layer) } == true
    return ConvolutionDesign(
      geometry: geometry, axes: network.spatialAxes, adjoint: adjoint, expands: upsampled, bfloat16: bfloat16,
      precision: precision, outputChannels: network.nodes[node].channels,
      weight: try required(node, "weight"),
      bias: range(node, "bias"), ignoresBias: ignoresBias,
      folded: folded,
      activation: activation, isInference: mode == .inference)
  }

  private func normalisation(
    _ node: Int, _ activation: Activation?, _ input: PlanImage, _ output: PlanImage, _ arrived: PlanImage?,
    _ target: GradientTarget?
  ) throws(NeuralNetworkError) -> Operation {
    guard case .normalisation(let layer) = network.nodes[node].layer else {
      throw .shape(layer: network.nodes[node].name, reason: "is not a normalisation")
    }
    let values: Int
    switch layer.kind {
    case .batch: values = mode == .training ? input.rows : 2
    case .instance: values = input.pixels
    case .group(let count): values = input.pixels * input.channels / count
    }
    guard values > 1 else {
      throw .shape(
        layer: "normalisation \(network.nodes[node].name)",
        reason: "one value per channel has no variance: take a larger input or batch")
    }
    let before = network.nodes[node].inputs[0]
    let precedingBias =
      units.isBatchNormalisation(network.nodes[node].layer) && units.onlyReader(before) == node
        && isConvolution(before) ? range(before, "bias") : nil
    return NormalisationOperation(
      NormalisationOperation.Design(
        kind: layer.kind, epsilon: layer.epsilon, activation: activation, bfloat16: bfloat16,
        isInference: mode == .inference, weight: try required(node, "weight"),
        bias: try required(node, "bias"),
        mean: range(node, "running_mean"), variance: range(node, "running_var"), precedingBias: precedingBias),
      name: network.nodes[node].name, input: input, output: output, outputGradient: arrived,
      inputGradient: target,
      arena: arena, team: team)
  }

  private func isConvolution(_ node: Int) -> Bool {
    switch network.nodes[node].layer {
    case .convolution, .transposedConvolution, .dense: true
    default: false
    }
  }

  private func single(
    _ node: Int, _ index: Int, _ inputs: [PlanImage], _ output: PlanImage, _ arrived: PlanImage?,
    _ targets: [GradientTarget?]
  ) throws(NeuralNetworkError) -> Operation {
    let name = network.nodes[node].name
    let target = targets.first ?? nil
    var images: MapImages {
      MapImages(
        input: inputs[0], output: output, outputGradient: arrived, inputGradient: target, bfloat16: bfloat16)
    }
    switch network.nodes[node].layer {
    case .input: return InputOperation(output: output, bfloat16: bfloat16, arena: arena, team: team)
    case .pooling(let pooling):
      let window = window(pooling)
      guard pooling.kind == .average || window.taps <= 256 else {
        throw .shape(layer: name, reason: "a window of \(window.taps) positions exceeds 256")
      }
      let operation = PoolingOperation(pooling.kind, window, name: name, images, arena: arena, team: team)
      operation.isFused = pooledNodes.contains(node)
      return operation
    case .globalAveragePooling:
      return GlobalPoolingOperation(name: name, images, arena: arena, team: team)
    case .upsampling(let upsampling):
      return UpsamplingOperation(upsampling, name: name, images, arena: arena, team: team)
    case .activation(let activation):
      return ActivationOperation(activation, name: name, images, arena: arena, team: team)
    case .dropout(let probability), .stochasticDepth(let probability):
      guard mode == .training, probability > 0 else {
        return ConcatenationOperation(
          [.init(source: inputs[0], place: output, gradientPlace: arrived, gradient: target)], name: name,
          bfloat16: bfloat16, arena: arena, team: team)
      }
      return DropoutOperation(
        probability: probability,
        wholeSamples: network.nodes[node].layer == .stochasticDepth(probability: probability),
        index: index, name: name, images, arena: arena, team: team)
    case .concatenation: return concatenation(name, inputs, output, arrived, targets)
    case .addition:
      return AdditionOperation(
        name: name, inputs: inputs, output: output, outputGradient: arrived, inputGradients: targets,
        bfloat16: bfloat16, arena: arena, team: team)
    case .multiplication:
      return GateOperation(
        name: name, map: inputs[0], gate: inputs[1], output: output, outputGradient: arrived,
        mapGradient: target,
        gateGradient: targets.count > 1 ? targets[1] : nil, bfloat16: bfloat16, arena: arena, team: team)
    case .softmax:
      return SoftmaxOperation(images, name: name, arena: arena, team: team)
    case .convolution, .transposedConvolution, .dense, .normalisation:
      throw .shape(layer: name, reason: "is computed with its neighbours")
    }
  }

  private func concatenation(
    _ name: String, _ inputs: [PlanImage], _ output: PlanImage, _ arrived: PlanImage?,
    _ targets: [GradientTarget?]
  ) -> Operation {
    var channel = 0
    var parts: [ConcatenationOperation.Part] = []
    for (index, input) in inputs.enumerated() {
      func place(_ whole: PlanImage) -> PlanImage {
        var view = whole
        view.firstChannel = channel
        view.channels = input.channels
        return view
      }
      parts.append(
        .init(
          source: input, place: place(output), gradientPlace: arrived.map(place),
          gradient: targets.isEmpty ? nil : targets[index]))
      channel += input.channels
    }
    return ConcatenationOperation(parts, name: name, bfloat16: bfloat16, arena: arena, team: team)
  }

  /// A window over D H W; along a missing depth axis it is one position.
  private func window(_ pooling: Pooling) -> Window {
    let deep = network.spatialAxes == 3
    return Window(
      kernel: [deep ? pooling.kernel : 1, pooling.kernel, pooling.kernel],
      stride: [deep ? pooling.stride : 1, pooling.stride, pooling.stride],
      padding: [deep ? pooling.padding : 0, pooling.padding, pooling.padding])
  }
}

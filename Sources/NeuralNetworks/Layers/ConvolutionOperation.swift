import COneDNN

/// A convolution, a transposed convolution, a dense layer, or up-sampling fused with the convolution behind it.
///
/// A transposed convolution is run as the data gradient of the convolution it is the adjoint of; its own data gradient is
/// then that convolution's forward pass. `adjoint` swaps the roles accordingly.
final class ConvolutionOperation: Operation {
  /// What follows from the graph.
  struct Design {
    var geometry: Convolution
    var axes: Int
    /// The operation is the adjoint of a convolution from `output` to `input`.
    var adjoint: Bool
    /// The adjoint's kernel is made from a 3ⁿ kernel: nearest ×2 up-sampling came before.
    var expands: Bool
    var bfloat16: Bool
    var weight: Range<Int>
    var bias: Range<Int>?
    /// The bias has no effect on a batch normalisation that follows in training, and no gradient.
    var ignoresBias: Bool
    /// Inference: the batch normalisation folded into weights and bias.
    var folded: FoldedNormalisation?
    var activation: Activation?
    var isInference: Bool
  }

  let design: Design
  let input: PlanImage
  let output: PlanImage
  let inputGradient: GradientTarget?
  let outputGradient: PlanImage?

  private var forwardPrimitive: ConvolutionPrimitive
  private var dataPrimitive: ConvolutionPrimitive?
  private var weightPrimitive: ConvolutionPrimitive?
  private let weightBuffer: Int
  private let biasBuffer: Int
  private var gradientWeightBuffer = -1
  private var gradientDataWeightBuffer = -1
  private var scratchBuffer = -1
  private var gradientScratchBuffer = -1
  private var expandedBuffer = -1
  private var gradientExpandedBuffer = -1
  private var sumsBuffer = -1
  private var outputTemporary: PlanImage?
  private var gradientTemporary: PlanImage?

  /// The adjoint cannot apply bias and activation itself; neither can any kernel write bias where there is none.
  private var epilogueIsOwn: Bool { design.adjoint && (hasBias || design.activation != nil) }
  private var hasBias: Bool { (design.bias != nil && !design.ignoresBias) || design.folded != nil }

  init(
    _ design: Design, name: String, input: PlanImage, output: PlanImage, outputGradient: PlanImage?,
    inputGradient: GradientTarget?, arena: Arena, team: Team
  ) throws(NeuralNetworkError) {
    self.design = design
    self.input = input
    self.output = output
    self.inputGradient = inputGradient
    self.outputGradient = outputGradient
    var dense = output
    dense.pixelStride = output.channels
    let shape = ConvolutionOperation.shape(design, input: input, output: dense)
    forwardPrimitive = try ConvolutionPrimitive(
      shape, design.adjoint ? nn_backward_data : nn_forward, name: name)
    weightBuffer = arena.request(bytes: forwardPrimitive.weightsBytes)
    biasBuffer = arena.request(bytes: 8 * output.channels)
    super.init(name: name, arena: arena, team: team)
    scratchBuffer = arena.request(bytes: forwardPrimitive.scratchBytes)
    forwardBuffers = [input.buffer, output.buffer, weightBuffer, biasBuffer, scratchBuffer]
    if !output.isDense {
      let dense = PlanImage(
        buffer: arena.request(bytes: output.rows * output.channels * scalarBytes),
        pixelStride: output.channels,
        channels: output.channels, batch: output.batch, extents: output.extents)
      forwardBuffers.insert(dense.buffer)
      outputTemporary = dense
    }
    if design.expands && !design.isInference {
      expandedBuffer = arena.request(bytes: 4 * expandedCount)
      forwardBuffers.insert(expandedBuffer)
    }
    if let outputGradient { try prepareBackward(shape, outputGradient) }
  }

  /// The kernels of the operation, forward first.
  var primitives: [ConvolutionPrimitive] {
    [forwardPrimitive, dataPrimitive, weightPrimitive].compactMap { $0 }
  }

  override var readsStridedGradient: Bool { false }

  private var scalarBytes: Int { design.bfloat16 ? 2 : 4 }
  private var expandedCount: Int {
    input.channels * output.channels * (design.axes == 3 ? 64 : 16)
  }

  private static func shape(
    _ design: Design, input: PlanImage, output: PlanImage
  ) -> nn_convolution_shape {
    let (source, target) = design.adjoint ? (output, input) : (input, output)
    var shape = nn_convolution_shape()
    shape.spatial_axes = Int32(design.axes)
    shape.batch = Int64(source.batch)
    shape.in_channels = Int64(source.channels)
    shape.out_channels = Int64(target.channels)
    shape.groups = Int64(design.geometry.groups)
    let offset = 3 - design.axes
    withUnsafeMutableBytes(of: &shape.in) { place in
      for a in 0..<design.axes {
        place.storeBytes(of: Int64(source.extents[a + offset]), toByteOffset: 8 * a, as: Int64.self)
      }
    }
    withUnsafeMutableBytes(of: &shape.out) { place in
      for a in 0..<design.axes {
        place.storeBytes(of: Int64(target.extents[a + offset]), toByteOffset: 8 * a, as: Int64.self)
      }
    }
    shape.kernel = Int64(design.geometry.kernel)
    shape.stride = Int64(design.geometry.stride)
    shape.padding = Int64(design.geometry.padding)
    shape.dilation = Int64(design.geometry.dilation)
    shape.in_pixel_stride = Int64(source.pixelStride)
    shape.out_pixel_stride = Int64(target.pixelStride)
    shape.bfloat16 = design.bfloat16
    shape.bias = !design.adjoint && ((design.bias != nil && !design.ignoresBias) || design.folded != nil)
    guard !design.adjoint else { return shape }
    switch design.activation {
    case nil: shape.activation = nn_identity
    case .relu: shape.activation = nn_relu
    case .leakyReLU(let slope):
      shape.activation = nn_relu
      shape.slope = slope
    case .silu: shape.activation = nn_silu
    case .sigmoid: shape.activation = nn_sigmoid
    }
    return shape
  }

  private func prepareBackward(
    _ shape: nn_convolution_shape, _ outputGradient: PlanImage
  ) throws(NeuralNetworkError) {
    let weights = try ConvolutionPrimitive(shape, nn_backward_weights, name: name)
    weightPrimitive = weights
    gradientWeightBuffer = arena.request(bytes: weights.weightsBytes)
    backwardBuffers = [input.buffer, outputGradient.buffer, gradientWeightBuffer]
    if design.expands {
      gradientExpandedBuffer = arena.request(bytes: 4 * expandedCount)
      backwardBuffers.insert(gradientExpandedBuffer)
    }
    if design.bias != nil && !design.ignoresBias {
      sumsBuffer = arena.request(bytes: 8 * team.threads * output.channels)
      backwardBuffers.insert(sumsBuffer)
    }
    var scratch = weights.scratchBytes
    if let inputGradient {
      var plain = shape
      plain.bias = false
      plain.activation = nn_identity
      let data = try ConvolutionPrimitive(
        plain, design.adjoint ? nn_forward : nn_backward_data, name: name)
      dataPrimitive = data
      gradientDataWeightBuffer = arena.request(bytes: data.weightsBytes)
      scratch = max(scratch, data.scratchBytes)
      backwardBuffers.formUnion([inputGradient.image.buffer, gradientDataWeightBuffer])
      if inputGradient.adding || !inputGradient.image.isDense {
        let dense = PlanImage(
          buffer: arena.request(bytes: input.rows * input.channels * scalarBytes),
          pixelStride: input.channels,
          channels: input.channels, batch: input.batch, extents: input.extents)
        backwardBuffers.insert(dense.buffer)
        gradientTemporary = dense
      }
    }
    gradientScratchBuffer = arena.request(bytes: scratch)
    backwardBuffers.insert(gradientScratchBuffer)
  }

  override func bind() throws(NeuralNetworkError) {
    let produced = temporaryOutput
    try forwardPrimitive.bind(
      image: address(design.adjoint ? produced : input), weights: raw(weightBuffer),
      bias: hasBias ? raw(biasBuffer) : nil, result: address(design.adjoint ? input : produced),
      scratch: raw(scratchBuffer))
    guard let outputGradient, let weightPrimitive else { return }
    try weightPrimitive.bind(
      image: address(design.adjoint ? outputGradient : input), weights: raw(gradientWeightBuffer), bias: nil,
      result: address(design.adjoint ? input : outputGradient), scratch: raw(gradientScratchBuffer))
    guard let dataPrimitive, let inputGradient else { return }
    let target = gradientTemporary ?? inputGradient.image
    try dataPrimitive.bind(
      image: address(design.adjoint ? outputGradient : target), weights: raw(gradientDataWeightBuffer),
      bias: nil,
      result: address(design.adjoint ? target : outputGradient), scratch: raw(gradientScratchBuffer))
  }

  private var temporaryOutput: PlanImage { outputTemporary ?? output }

  private func raw(_ buffer: Int) -> UnsafeMutableRawPointer { UnsafeMutableRawPointer(floats(buffer)) }

  override func load(_ weights: UnsafeMutablePointer<Float>) throws(NeuralNetworkError) {
    var kernel = [Float](
      UnsafeBufferPointer(start: weights + design.weight.lowerBound, count: design.weight.count))
    var bias = [Float](repeating: 0, count: output.channels)
    if let range = design.bias { for c in bias.indices { bias[c] = weights[range.lowerBound + c] } }
    if let folded = design.folded {
      // Up-sampling weights are still those of the convolution: its output channels come first.
      let outputsFirst = !design.adjoint || design.expands
      folded.fold(
        weights, kernel: &kernel, bias: &bias, inputs: input.channels, outputsFirst: outputsFirst,
        geometry: design.geometry)
    }
    for c in bias.indices { floats(biasBuffer)[c] = bias[c] }
    (floats(biasBuffer) + output.channels).update(repeating: 1, count: output.channels)
    var expanded: [Float] = []
    if design.expands {
      expanded = [Float](repeating: 0, count: expandedCount)
      expanded.withUnsafeMutableBufferPointer { target in
        kernel.withUnsafeBufferPointer { source in
          guard let from = source.baseAddress, let to = target.baseAddress else { return }
          UpsamplingWeights.expand(
            from, outputs: output.channels, inputs: input.channels, axes: design.axes, to: to, team: team)
        }
      }
      kernel = expanded
    }
    let failure = kernel.withUnsafeMutableBytes { bytes -> NeuralNetworkError? in
      guard let base = bytes.baseAddress else { return nil }
      do throws(NeuralNetworkError) {
        try forwardPrimitive.reorderWeights(from: base, to: raw(weightBuffer))
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }

  /// Buffers that keep their contents between runs of an inference plan.
  var persistentBuffers: Set<Int> { [weightBuffer, biasBuffer] }

  /// The row-major weights of the primitive: the parameters, or what is expanded from them.
  private func plainWeights(_ run: Execution, in buffer: Int) -> UnsafeMutablePointer<Float> {
    let kernel = run.weights + design.weight.lowerBound
    guard design.expands else { return kernel }
    let expanded = floats(buffer)
    UpsamplingWeights.expand(
      kernel, outputs: output.channels, inputs: input.channels, axes: design.axes, to: expanded, team: team)
    return expanded
  }

  override func forward(_ run: Execution) throws(NeuralNetworkError) {
    if !design.isInference {
      try forwardPrimitive.reorderWeights(
        from: plainWeights(run, in: expandedBuffer), to: raw(weightBuffer))
      if hasBias, let bias = design.bias {
        floats(biasBuffer).update(from: run.weights + bias.lowerBound, count: output.channels)
      } else {
        floats(biasBuffer).update(repeating: 0, count: output.channels)
      }
      (floats(biasBuffer) + output.channels).update(repeating: 1, count: output.channels)
    }
    try forwardPrimitive.run()
    if epilogueIsOwn || !output.isDense {
      design.bfloat16 ? finish(BFloat16.self) : finish(Float.self)
    }
  }

  /// Bias and activation of the adjoint, and the copy into a part of a wider image.
  private func finish<E: ImageScalar>(_ type: E.Type) {
    let (x, y) = (view(temporaryOutput, as: type), view(output, as: type))
    let (shift, ones) = (floats(biasBuffer), floats(biasBuffer) + output.channels)
    if !epilogueIsOwn {
      // oneDNN applied bias and activation; what is left is the copy.
      return team.forEachSlab(of: x.rows, grain: 256) { _, rows in
        ElementwiseKernels.copy(x, rows: rows, to: y, adding: false)
      }
    }
    team.forEachSlab(of: x.rows, grain: 256) { _, rows in
      NormalisationKernels.apply(x, rows: rows, scale: ones, shift: shift, design.activation, to: y)
    }
  }

  override func backward(_ run: Execution) throws(NeuralNetworkError) {
    guard let weightPrimitive, let outputGradient, let gradient = run.gradient else { return }
    try weightPrimitive.run()
    let kernelGradient = gradient + design.weight.lowerBound
    if design.expands {
      let expanded = floats(gradientExpandedBuffer)
      try weightPrimitive.reorderWeights(from: raw(gradientWeightBuffer), to: expanded)
      UpsamplingWeights.contract(
        expanded, outputs: output.channels, inputs: input.channels, axes: design.axes, to: kernelGradient,
        adding: run.isAccumulating, team: team)
    } else {
      try weightPrimitive.reorderWeights(
        from: raw(gradientWeightBuffer), to: kernelGradient, adding: run.isAccumulating)
    }
    if let bias = design.bias {
      let target = gradient + bias.lowerBound
      if design.ignoresBias {
        if !run.isAccumulating { target.update(repeating: 0, count: output.channels) }
      } else {
        design.bfloat16
          ? biasGradient(view(outputGradient, as: BFloat16.self), target, run.isAccumulating)
          : biasGradient(view(outputGradient, as: Float.self), target, run.isAccumulating)
      }
    }
    guard let dataPrimitive, let inputGradient else { return }
    try dataPrimitive.reorderWeights(
      from: plainWeights(run, in: gradientExpandedBuffer), to: raw(gradientDataWeightBuffer))
    try dataPrimitive.run()
    if let gradientTemporary {
      design.bfloat16
        ? add(gradientTemporary, to: inputGradient, BFloat16.self)
        : add(gradientTemporary, to: inputGradient, Float.self)
    }
  }

  private func biasGradient<E: ImageScalar>(
    _ dy: ImageView<E>, _ target: UnsafeMutablePointer<Float>, _ adding: Bool
  ) {
    let channels = output.channels
    let sums = UnsafeMutableRawPointer(floats(sumsBuffer)).assumingMemoryBound(to: Double.self)
    sums.update(repeating: 0, count: team.threads * channels)
    team.forEachSlab(of: dy.rows, grain: 512) { member, rows in
      NormalisationKernels.sums(dy, rows: rows, into: sums + member * channels)
    }
    for c in 0..<channels {
      var sum = 0.0
      for member in 0..<team.threads { sum += sums[member * channels + c] }
      target[c] = (adding ? target[c] : 0) + Float(sum)
    }
  }

  private func add<E: ImageScalar>(_ part: PlanImage, to target: GradientTarget, _ type: E.Type) {
    let (x, y) = (view(part, as: type), view(target.image, as: type))
    team.forEachSlab(of: x.rows, grain: 256) { _, rows in
      ElementwiseKernels.copy(x, rows: rows, to: y, adding: target.adding)
    }
  }
}

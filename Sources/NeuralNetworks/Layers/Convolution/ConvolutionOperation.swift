import COneDNN

/// A convolution, a transposed convolution, a dense layer, or up-sampling fused with the convolution behind it.
///
/// A transposed convolution is run as the data gradient of the convolution it is the adjoint of; its own data gradient is
/// then that convolution's forward pass. `ConvolutionDesign.adjoint` swaps the roles accordingly.
final class ConvolutionOperation: Operation {
  let design: ConvolutionDesign
  let input: PlanImage
  let output: PlanImage
  let inputGradient: GradientTarget?
  let outputGradient: PlanImage?

  let forwardKernel: ConvolutionKernel
  private(set) var dataKernel: ConvolutionKernel?
  private(set) var weightGradient: WeightGradient?
  private let biasBuffer: Int
  private var scratchBuffer = -1
  private var gradientScratchBuffer = -1
  private(set) var gradientExpandedBuffer = -1
  private(set) var sumsBuffer = -1
  private var outputTemporary: PlanImage?
  private(set) var gradientTemporary: PlanImage?
  /// The largest values of windows of 2³, where the kernel makes them on the way.
  private var pooled: PlanImage?

  /// The adjoint cannot apply bias and activation itself; neither can any kernel write bias where there is none.
  private var epilogueIsOwn: Bool {
    forwardKernel.own == nil && design.adjoint && (design.hasBias || design.activation != nil)
  }

  init(
    _ design: ConvolutionDesign, name: String, input: PlanImage, output: PlanImage,
    outputGradient: PlanImage?, inputGradient: GradientTarget?, arena: Arena, team: Team
  ) throws(NeuralNetworkError) {
    self.design = design
    self.input = input
    self.output = output
    self.inputGradient = inputGradient
    self.outputGradient = outputGradient
    var dense = output
    dense.pixelStride = output.channels
    let shape = design.shape(input: input, output: dense)
    if let size = design.winograd(input: input, output: output) {
      forwardKernel = .winograd(WinogradConvolution(size, arena: arena, team: team))
    } else if let size = design.planeWinograd(input: input, output: output) {
      forwardKernel = .planeWinograd(PlaneWinogradConvolution(size, arena: arena, team: team))
    } else if let size = design.upsampled(input: input, output: output) {
      forwardKernel = .upsampled(UpsampledConvolution(size, arena: arena, team: team))
    } else if let geometry = design.tiles(input: input, output: output) {
      forwardKernel = .tiles(
        TileConvolution(geometry, exchanged: false, role: "forward", arena: arena, team: team))
    } else {
      forwardKernel = .library(
        try KernelWeights(
          shape, design.adjoint ? nn_backward_data : nn_forward, design.source,
          isInference: design.isInference, name: name, arena: arena, team: team))
    }
    biasBuffer = arena.request(bytes: 8 * output.channels)
    super.init(name: name, arena: arena, team: team)
    scratchBuffer = arena.request(bytes: forwardKernel.library?.primitive.scratchBytes ?? 0)
    forwardBuffers = [input.buffer, output.buffer, biasBuffer, scratchBuffer]
    forwardBuffers.formUnion(forwardKernel.buffers)
    if !output.isDense && forwardKernel.own == nil {
      let temporary = denseImage(like: output)
      forwardBuffers.insert(temporary.buffer)
      outputTemporary = temporary
    }
    if let outputGradient { try prepareBackward(shape, outputGradient) }
  }

  /// Make the image that a pooling of windows of 2³ would; false where the kernel cannot, or windows would not fill the image.
  func pool(to image: PlanImage) -> Bool {
    guard case .winograd = forwardKernel, design.isInference, output.extents == 2 &* image.extents else {
      return false
    }
    pooled = image
    forwardBuffers.insert(image.buffer)
    return true
  }

  /// The data gradient is the forward pass of another convolution.
  private var gradientIsForward: Bool { design.adjoint || design.isMirrored }

  private func denseImage(like image: PlanImage) -> PlanImage {
    PlanImage(
      buffer: arena.request(bytes: image.rows * image.channels * (design.bfloat16 ? 2 : 4)),
      pixelStride: image.channels, channels: image.channels, batch: image.batch, extents: image.extents)
  }

  private func prepareBackward(
    _ shape: nn_convolution_shape, _ outputGradient: PlanImage
  ) throws(NeuralNetworkError) {
    let gradient = try WeightGradient(shape, name: name, arena: arena, team: team)
    weightGradient = gradient
    backwardBuffers = [input.buffer, outputGradient.buffer]
    backwardBuffers.formUnion(gradient.buffers)
    if design.expands {
      let taps = design.axes == 3 ? 64 : 16
      gradientExpandedBuffer = arena.request(bytes: 4 * input.channels * output.channels * taps)
      backwardBuffers.insert(gradientExpandedBuffer)
    }
    if design.bias != nil && !design.ignoresBias {
      sumsBuffer = arena.request(bytes: 8 * team.threads * output.channels)
      backwardBuffers.insert(sumsBuffer)
    }
    guard let inputGradient else { return }
    if let size = design.gradientWinograd(input: input, output: output) {
      dataKernel = .winograd(
        WinogradConvolution(size, mirrored: true, role: "data gradient", arena: arena, team: team))
    } else if let geometry = design.gradientTiles(input: input, output: output) {
      dataKernel = .tiles(
        TileConvolution(geometry, exchanged: true, role: "data gradient", arena: arena, team: team))
    }
    if let dataKernel {
      backwardBuffers.insert(inputGradient.image.buffer)
      backwardBuffers.formUnion(dataKernel.buffers)
      return
    }
    let data = try KernelWeights(
      design.gradientShape(shape), gradientIsForward ? nn_forward : nn_backward_data,
      design.isMirrored ? .mirrored : design.source, isInference: false, name: name, arena: arena, team: team)
    dataKernel = .library(data)
    gradientScratchBuffer = arena.request(bytes: data.primitive.scratchBytes)
    backwardBuffers.formUnion([inputGradient.image.buffer, gradientScratchBuffer])
    backwardBuffers.formUnion(data.buffers)
    if inputGradient.adding || !inputGradient.image.isDense {
      let temporary = denseImage(like: input)
      backwardBuffers.insert(temporary.buffer)
      gradientTemporary = temporary
    }
  }

  override func bind() throws(NeuralNetworkError) {
    if let weights = forwardKernel.library {
      let produced = outputTemporary ?? output
      try weights.primitive.bind(
        image: address(design.adjoint ? produced : input), weights: raw(weights.buffer),
        bias: design.hasBias ? raw(biasBuffer) : nil, result: address(design.adjoint ? input : produced),
        scratch: raw(scratchBuffer))
    }
    guard let outputGradient else { return }
    try weightGradient?.bind(
      image: address(design.adjoint ? outputGradient : input),
      result: address(design.adjoint ? input : outputGradient))
    guard let weights = dataKernel?.library, let inputGradient else { return }
    let target = gradientTemporary ?? inputGradient.image
    try weights.primitive.bind(
      image: address(gradientIsForward ? outputGradient : target), weights: raw(weights.buffer),
      bias: nil,
      result: address(gradientIsForward ? target : outputGradient), scratch: raw(gradientScratchBuffer))
  }

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
    let failure = kernel.withUnsafeBufferPointer { buffer -> NeuralNetworkError? in
      guard let base = buffer.baseAddress else { return nil }
      do throws(NeuralNetworkError) {
        try forwardKernel.prepare(from: base)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }

  override var persistentBuffers: Set<Int> { [forwardKernel.weightsBuffer, biasBuffer] }

  override func forward(_ run: Execution) throws(NeuralNetworkError) {
    if !design.isInference {
      try forwardKernel.prepare(from: run.weights + design.weight.lowerBound)
      if design.hasBias, let bias = design.bias {
        floats(biasBuffer).update(from: run.weights + bias.lowerBound, count: output.channels)
      } else {
        floats(biasBuffer).update(repeating: 0, count: output.channels)
      }
      (floats(biasBuffer) + output.channels).update(repeating: 1, count: output.channels)
    }
    try design.bfloat16 ? convolve(BFloat16.self, run.active) : convolve(Float.self, run.active)
    if forwardKernel.own == nil && (epilogueIsOwn || !output.isDense) {
      design.bfloat16 ? finish(BFloat16.self) : finish(Float.self)
    }
  }

  override func backward(_ run: Execution) throws(NeuralNetworkError) { try propagate(run) }

  private func convolve<E: ImageScalar>(
    _ type: E.Type, _ active: ActiveBlocks?
  ) throws(NeuralNetworkError) {
    try forwardKernel.run(
      view(input, as: type), bias: design.hasBias ? floats(biasBuffer) : nil, design.activation,
      to: view(output, as: type), pooled: pooled.map { view($0, as: type) }, active: active)
  }

  /// Bias and activation of the adjoint, and the copy into a part of a wider image.
  private func finish<E: ImageScalar>(_ type: E.Type) {
    let (x, y) = (view(outputTemporary ?? output, as: type), view(output, as: type))
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
}

/// The first convolution of an image with one channel, 3³ with stride 1, to a multiple of 16 channels.
final class StemOperation: Operation {
  let design: ConvolutionDesign
  let input: PlanImage
  let output: PlanImage
  let outputGradient: PlanImage?
  /// Tap × channels of the kernel, then the bias.
  private let kernelBuffer: Int
  private let paddedBuffer: Int
  private let sumsBuffer: Int

  init(
    _ design: ConvolutionDesign, name: String, input: PlanImage, output: PlanImage,
    outputGradient: PlanImage?, arena: Arena, team: Team
  ) {
    self.design = design
    self.input = input
    self.output = output
    self.outputGradient = outputGradient
    kernelBuffer = arena.request(bytes: 4 * 28 * output.channels)
    paddedBuffer = arena.request(bytes: 4 * StemKernels.paddedCount(batch: input.batch, input.extents))
    sumsBuffer = arena.request(bytes: 8 * 27 * output.channels * team.threads)
    super.init(name: name, arena: arena, team: team)
    forwardBuffers = [input.buffer, output.buffer, kernelBuffer, paddedBuffer]
    if let outputGradient {
      backwardBuffers = [input.buffer, outputGradient.buffer, paddedBuffer, sumsBuffer]
    }
  }

  /// Whether a convolution is of the kind that this operation computes.
  static func takes(_ design: ConvolutionDesign, _ input: PlanImage, _ output: PlanImage) -> Bool {
    let g = design.geometry
    return design.axes == 3 && design.bfloat16 && !design.adjoint && input.channels == 1
      && output.channels % 16 == 0 && g.kernel == 3 && g.stride == 1 && g.padding == 1 && g.dilation == 1
      && g.groups == 1 && (design.isInference || design.bias == nil || design.ignoresBias)
  }

  override var persistentBuffers: Set<Int> { [kernelBuffer] }

  private func setKernel(_ kernel: UnsafePointer<Float>, bias: UnsafePointer<Float>?) {
    let target = floats(kernelBuffer)
    for c in 0..<output.channels {
      for tap in 0..<27 { target[tap * output.channels + c] = kernel[c * 27 + tap] }
      target[27 * output.channels + c] = bias?[c] ?? 0
    }
  }

  override func load(_ weights: UnsafeMutablePointer<Float>) {
    var kernel = [Float](
      UnsafeBufferPointer(start: weights + design.weight.lowerBound, count: design.weight.count))
    var bias = [Float](repeating: 0, count: output.channels)
    if let range = design.bias { for c in bias.indices { bias[c] = weights[range.lowerBound + c] } }
    design.folded?.fold(
      weights, kernel: &kernel, bias: &bias, inputs: 1, outputsFirst: true, geometry: design.geometry)
    setKernel(kernel, bias: bias)
  }

  override func forward(_ run: Execution) {
    if !design.isInference { setKernel(run.weights + design.weight.lowerBound, bias: nil) }
    design.bfloat16 ? forward(BFloat16.self) : forward(Float.self)
  }

  private func pad<E: ImageScalar>(_ type: E.Type) {
    let (x, padded) = (view(input, as: type), floats(paddedBuffer))
    padded.update(repeating: 0, count: StemKernels.paddedCount(batch: input.batch, input.extents))
    team.forEachSlab(of: input.batch * input.extents[0]) { _, planes in
      StemKernels.pad(x, input.extents, planes: planes, to: padded)
    }
  }

  private func forward<E: ImageScalar>(_ type: E.Type) {
    pad(type)
    switch design.activation {
    case nil: convolve(Identity(), type)
    case .relu: convolve(LeakyReLU(slope: 0), type)
    case .leakyReLU(let slope): convolve(LeakyReLU(slope: slope), type)
    case .relu6: convolve(ReLU6(), type)
    case .silu: convolve(SiLU(), type)
    case .sigmoid: convolve(Sigmoid(), type)
    }
  }

  private func convolve<E: ImageScalar, F: Pointwise>(_ function: F, _ type: E.Type) {
    let (padded, kernel, y) = (floats(paddedBuffer), floats(kernelBuffer), view(output, as: type))
    team.forEachSlab(of: input.batch * input.extents[0] * input.extents[1], grain: 8) { _, lines in
      StemKernels.forward(
        padded, input.extents, kernel: kernel, bias: kernel + 27 * y.channels, function, to: y, lines: lines)
    }
  }

  override func backward(_ run: Execution) {
    design.bfloat16 ? backward(run, BFloat16.self) : backward(run, Float.self)
  }

  private func backward<E: ImageScalar>(_ run: Execution, _ type: E.Type) {
    guard let outputGradient, let gradient = run.gradient else { return }
    pad(type)
    let (padded, dy) = (floats(paddedBuffer), view(outputGradient, as: type))
    let sums = UnsafeMutableRawPointer(floats(sumsBuffer)).assumingMemoryBound(to: Double.self)
    let count = 27 * dy.channels
    sums.update(repeating: 0, count: count * team.threads)
    team.forEachSlab(of: input.batch * input.extents[0] * input.extents[1], grain: 8) { member, lines in
      StemKernels.weightGradient(padded, input.extents, dy, lines: lines, into: sums + member * count)
    }
    let target = gradient + design.weight.lowerBound
    for c in 0..<dy.channels {
      for tap in 0..<27 {
        var sum = run.isAccumulating ? Double(target[c * 27 + tap]) : 0
        for member in 0..<team.threads { sum += sums[member * count + tap * dy.channels + c] }
        target[c * 27 + tap] = Float(sum)
      }
    }
    if let bias = design.bias, !run.isAccumulating {
      (gradient + bias.lowerBound).update(repeating: 0, count: dy.channels)
    }
  }
}

/// The 1ⁿ convolution at the end of a network in training, to at most four channels.
final class HeadOperation: Operation {
  let design: ConvolutionDesign
  let input: PlanImage
  let output: PlanImage
  let outputGradient: PlanImage?
  let inputGradient: GradientTarget?
  private let sumsBuffer: Int

  init(
    _ design: ConvolutionDesign, name: String, input: PlanImage, output: PlanImage,
    outputGradient: PlanImage?, inputGradient: GradientTarget?, arena: Arena, team: Team
  ) {
    self.design = design
    self.input = input
    self.output = output
    self.outputGradient = outputGradient
    self.inputGradient = inputGradient
    sumsBuffer = arena.request(bytes: 8 * team.threads * (input.channels + 1) * output.channels)
    super.init(name: name, arena: arena, team: team)
    forwardBuffers = [input.buffer, output.buffer]
    if let outputGradient {
      backwardBuffers = [input.buffer, outputGradient.buffer, sumsBuffer]
      if let inputGradient { backwardBuffers.insert(inputGradient.image.buffer) }
    }
  }

  /// Whether a convolution is of the kind that this operation computes.
  static func takes(_ design: ConvolutionDesign, _ input: PlanImage, _ output: PlanImage) -> Bool {
    let g = design.geometry
    return !design.isInference && !design.adjoint && design.activation == nil && !design.ignoresBias
      && input.channels % 16 == 0 && output.channels <= 4 && g.kernel == 1 && g.stride == 1 && g.padding == 0
      && g.groups == 1
  }

  override func forward(_ run: Execution) {
    design.bfloat16 ? forward(run, BFloat16.self) : forward(run, Float.self)
  }

  override func backward(_ run: Execution) {
    design.bfloat16 ? backward(run, BFloat16.self) : backward(run, Float.self)
  }

  private func forward<E: ImageScalar>(_ run: Execution, _ type: E.Type) {
    let (x, y) = (view(input, as: type), view(output, as: type))
    let weights = UnsafePointer(run.weights + design.weight.lowerBound)
    let bias = design.bias.map { UnsafePointer(run.weights + $0.lowerBound) }
    team.forEachSlab(of: x.rows, grain: 256) { _, rows in
      HeadKernels.forward(x, rows: rows, weights: weights, bias: bias, to: y)
    }
  }

  private func backward<E: ImageScalar>(_ run: Execution, _ type: E.Type) {
    guard let outputGradient, let gradient = run.gradient else { return }
    let (x, dy) = (view(input, as: type), view(outputGradient, as: type))
    let dx = inputGradient.map { view($0.image, as: type) }
    let adding = inputGradient?.adding ?? false
    let sums = UnsafeMutableRawPointer(floats(sumsBuffer)).assumingMemoryBound(to: Double.self)
    let count = (x.channels + 1) * dy.channels
    sums.update(repeating: 0, count: count * team.threads)
    let weights = UnsafePointer(run.weights + design.weight.lowerBound)
    team.forEachSlab(of: x.rows, grain: 256) { member, rows in
      HeadKernels.backward(
        x, dy, rows: rows, weights: weights, to: dx, adding: adding, into: sums + member * count)
    }
    func add(_ first: Int, _ range: Range<Int>) {
      for (k, i) in range.enumerated() {
        var sum = run.isAccumulating ? Double(gradient[i]) : 0
        for member in 0..<team.threads { sum += sums[member * count + first + k] }
        gradient[i] = Float(sum)
      }
    }
    add(0, design.weight)
    if let bias = design.bias { add(dy.channels * x.channels, bias) }
  }
}

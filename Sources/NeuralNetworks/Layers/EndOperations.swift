/// The input, from row-major N C spatial `Float` to channels last in the plan's precision.
final class InputOperation: Operation {
  let output: PlanImage
  let planes: Int
  let bfloat16: Bool

  init(output: PlanImage, bfloat16: Bool, arena: Arena, team: Team) {
    self.output = output
    self.bfloat16 = bfloat16
    planes = arena.request(bytes: 4 * output.rows * output.channels)
    super.init(name: "input", arena: arena, team: team)
    forwardBuffers = [output.buffer, planes]
  }

  override func forward(_ run: Execution) {
    bfloat16 ? forward(BFloat16.self) : forward(Float.self)
  }

  private func forward<E: ImageScalar>(_ type: E.Type) {
    let (x, y) = (floats(planes), view(output, as: type))
    team.forEachSlab(of: y.rows, grain: 1024) { _, rows in ElementwiseKernels.fromPlanes(x, rows: rows, to: y)
    }
  }
}

/// An output, from channels last to row-major N C spatial `Float`; its gradient the other way.
final class OutputOperation: Operation {
  let input: PlanImage
  let inputGradient: GradientTarget?
  let values: Int
  let gradients: Int
  let bfloat16: Bool

  init(
    name: String, input: PlanImage, inputGradient: GradientTarget?, bfloat16: Bool, arena: Arena, team: Team
  ) {
    self.input = input
    self.inputGradient = inputGradient
    self.bfloat16 = bfloat16
    values = arena.request(bytes: 4 * input.rows * input.channels)
    gradients = arena.request(bytes: inputGradient == nil ? 1 : 4 * input.rows * input.channels)
    super.init(name: name, arena: arena, team: team)
    forwardBuffers = [input.buffer, values]
    if let inputGradient { backwardBuffers = [inputGradient.image.buffer, gradients] }
  }

  override func forward(_ run: Execution) {
    bfloat16 ? forward(BFloat16.self) : forward(Float.self)
  }

  override func backward(_ run: Execution) {
    bfloat16 ? backward(BFloat16.self) : backward(Float.self)
  }

  private func forward<E: ImageScalar>(_ type: E.Type) {
    let (x, y) = (view(input, as: type), floats(values))
    team.forEachSlab(of: x.rows, grain: 1024) { _, rows in ElementwiseKernels.toPlanes(x, rows: rows, to: y) }
  }

  private func backward<E: ImageScalar>(_ type: E.Type) {
    guard let inputGradient else { return }
    let (dy, dx) = (floats(gradients), view(inputGradient.image, as: type))
    team.forEachSlab(of: dx.rows, grain: 1024) { _, rows in
      ElementwiseKernels.fromPlanes(dy, rows: rows, to: dx, adding: inputGradient.adding)
    }
  }
}

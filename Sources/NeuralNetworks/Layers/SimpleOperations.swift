/// An activation on its own, where no convolution or normalisation could take it in.
final class ActivationOperation: MapOperation {
  let activation: Activation
  /// Vectors of ones and zeros: the affine map of the shared kernel, and no statistics.
  private let constants: Int

  init(
    _ activation: Activation, name: String, _ images: MapImages, arena: Arena, team: Team
  ) {
    self.activation = activation
    constants = arena.request(bytes: 16 * images.input.channels)
    super.init(images, name: name, arena: arena, team: team)
    use(images.input.buffer)
    use(constants)
  }

  private var vectors: (ones: UnsafeMutablePointer<Float>, zeros: UnsafeMutablePointer<Float>) {
    let place = floats(constants)
    place.update(repeating: 1, count: input.channels)
    (place + input.channels).update(repeating: 0, count: 3 * input.channels)
    return (place, place + input.channels)
  }

  override func forward(_ run: Execution) {
    bfloat16 ? forward(BFloat16.self) : forward(Float.self)
  }

  override func backward(_ run: Execution) {
    bfloat16 ? backward(BFloat16.self) : backward(Float.self)
  }

  private func forward<E: ImageScalar>(_ type: E.Type) {
    let (x, y) = (view(input, as: type), view(output, as: type))
    let (ones, zeros) = vectors
    team.forEachSlab(of: x.rows, grain: 256) { _, rows in
      NormalisationKernels.apply(x, rows: rows, scale: ones, shift: zeros, activation, to: y)
    }
  }

  private func backward<E: ImageScalar>(_ type: E.Type) {
    guard let outputGradient, let inputGradient else { return }
    let (x, dy) = (view(input, as: type), view(outputGradient, as: type))
    let dx = view(inputGradient.image, as: type)
    let (ones, zeros) = vectors
    // p = 1, q = r = 0: ones are followed by zeros.
    team.forEachSlab(of: x.rows, grain: 256) { _, rows in
      NormalisationKernels.gradient(
        x, dy, rows: rows, scale: ones, shift: zeros, coefficients: ones, activation, to: dx,
        adding: inputGradient.adding)
    }
  }
}

/// Copies the parts of a concatenation whose producers could not write into it, and their gradients back.
final class ConcatenationOperation: Operation {
  /// A part: where it was produced, where it belongs; its gradient where one is wanted and not a view already.
  struct Part {
    var source: PlanImage
    var place: PlanImage
    var gradientPlace: PlanImage?
    var gradient: GradientTarget?
  }

  let parts: [Part]
  let bfloat16: Bool

  init(_ parts: [Part], name: String, bfloat16: Bool, arena: Arena, team: Team) {
    self.parts = parts
    self.bfloat16 = bfloat16
    super.init(name: name, arena: arena, team: team)
    for part in parts {
      forwardBuffers.formUnion([part.source.buffer, part.place.buffer])
      if let from = part.gradientPlace { backwardBuffers.insert(from.buffer) }
      if let to = part.gradient { backwardBuffers.insert(to.image.buffer) }
    }
  }

  override func forward(_ run: Execution) {
    for part in parts where part.source != part.place {
      bfloat16
        ? copy(part.source, to: part.place, adding: false, BFloat16.self)
        : copy(part.source, to: part.place, adding: false, Float.self)
    }
  }

  override func backward(_ run: Execution) {
    for part in parts {
      guard let from = part.gradientPlace, let to = part.gradient, from != to.image else { continue }
      bfloat16
        ? copy(from, to: to.image, adding: to.adding, BFloat16.self)
        : copy(from, to: to.image, adding: to.adding, Float.self)
    }
  }

  private func copy<E: ImageScalar>(_ from: PlanImage, to: PlanImage, adding: Bool, _ type: E.Type) {
    let (x, y) = (view(from, as: type), view(to, as: type))
    team.forEachSlab(of: x.rows, grain: 256) { _, rows in
      ElementwiseKernels.copy(x, rows: rows, to: y, adding: adding)
    }
  }
}

/// The sum of two images.
final class AdditionOperation: Operation {
  let inputs: [PlanImage]
  let output: PlanImage
  let outputGradient: PlanImage?
  let inputGradients: [GradientTarget?]
  let bfloat16: Bool

  init(
    name: String, inputs: [PlanImage], output: PlanImage, outputGradient: PlanImage?,
    inputGradients: [GradientTarget?], bfloat16: Bool, arena: Arena, team: Team
  ) {
    self.inputs = inputs
    self.output = output
    self.outputGradient = outputGradient
    self.inputGradients = inputGradients
    self.bfloat16 = bfloat16
    super.init(name: name, arena: arena, team: team)
    forwardBuffers = Set(inputs.map(\.buffer) + [output.buffer])
    if let outputGradient {
      backwardBuffers = Set(inputGradients.compactMap { $0?.image.buffer } + [outputGradient.buffer])
    }
  }

  override func forward(_ run: Execution) {
    bfloat16 ? forward(BFloat16.self) : forward(Float.self)
  }

  override func backward(_ run: Execution) {
    bfloat16 ? backward(BFloat16.self) : backward(Float.self)
  }

  private func forward<E: ImageScalar>(_ type: E.Type) {
    let (a, b, y) = (view(inputs[0], as: type), view(inputs[1], as: type), view(output, as: type))
    team.forEachSlab(of: y.rows, grain: 256) { _, rows in ElementwiseKernels.add(a, b, rows: rows, to: y) }
  }

  private func backward<E: ImageScalar>(_ type: E.Type) {
    guard let outputGradient else { return }
    let dy = view(outputGradient, as: type)
    for target in inputGradients {
      guard let target else { continue }
      let dx = view(target.image, as: type)
      team.forEachSlab(of: dy.rows, grain: 256) { _, rows in
        ElementwiseKernels.copy(dy, rows: rows, to: dx, adding: target.adding)
      }
    }
  }
}

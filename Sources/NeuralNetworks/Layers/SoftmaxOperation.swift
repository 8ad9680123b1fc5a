/// exp(x) / Σ exp(x) over the channels of each pixel.
final class SoftmaxOperation: MapOperation {

  override init(_ images: MapImages, name: String, arena: Arena, team: Team) {
    super.init(images, name: name, arena: arena, team: team)
    use(images.output.buffer)
  }

  override func forward(_ run: Execution) {
    bfloat16 ? forward(BFloat16.self) : forward(Float.self)
  }

  override func backward(_ run: Execution) {
    bfloat16 ? backward(BFloat16.self) : backward(Float.self)
  }

  private func forward<E: ImageScalar>(_ type: E.Type) {
    let (x, y) = (view(input, as: type), view(output, as: type))
    team.forEachSlab(of: x.rows, grain: 64) { _, rows in ElementwiseKernels.softmax(x, rows: rows, to: y) }
  }

  private func backward<E: ImageScalar>(_ type: E.Type) {
    guard let outputGradient, let target = inputGradient else { return }
    let (y, dy) = (view(output, as: type), view(outputGradient, as: type))
    let dx = view(target.image, as: type)
    team.forEachSlab(of: y.rows, grain: 64) { _, rows in
      ElementwiseKernels.softmaxGradient(y, dy, rows: rows, to: dx, adding: target.adding)
    }
  }
}

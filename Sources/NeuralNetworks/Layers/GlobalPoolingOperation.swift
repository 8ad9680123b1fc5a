/// Mean over all positions of a sample.
final class GlobalPoolingOperation: MapOperation {
  private let sumsBuffer: Int

  init(name: String, _ images: MapImages, arena: Arena, team: Team) {
    sumsBuffer = arena.request(bytes: 8 * team.threads * images.input.channels)
    super.init(images, name: name, arena: arena, team: team)
    forwardBuffers.insert(sumsBuffer)
  }

  override func forward(_ run: Execution) {
    bfloat16 ? forward(BFloat16.self) : forward(Float.self)
  }

  override func backward(_ run: Execution) {
    bfloat16 ? backward(BFloat16.self) : backward(Float.self)
  }

  private func forward<E: ImageScalar>(_ type: E.Type) {
    let (x, y) = (view(input, as: type), view(output, as: type))
    let sums = UnsafeMutableRawPointer(floats(sumsBuffer)).assumingMemoryBound(to: Double.self)
    for sample in 0..<input.batch {
      sums.update(repeating: 0, count: team.threads * x.channels)
      team.forEachSlab(of: x.pixels, grain: 512) { member, rows in
        NormalisationKernels.sums(
          x, rows: rows.shifted(by: sample * x.pixels), into: sums + member * x.channels)
      }
      for c in 0..<x.channels {
        var sum = 0.0
        for member in 0..<team.threads { sum += sums[member * x.channels + c] }
        y[sample][c] = E(Float(sum / Double(x.pixels)))
      }
    }
  }

  private func backward<E: ImageScalar>(_ type: E.Type) {
    guard let outputGradient, let inputGradient else { return }
    let (dy, dx) = (view(outputGradient, as: type), view(inputGradient.image, as: type))
    let share = 1 / Float(dx.pixels)
    for sample in 0..<input.batch {
      team.forEachSlab(of: dx.pixels, grain: 512) { _, rows in
        ElementwiseKernels.spread(
          dy[sample], times: share, rows: rows.shifted(by: sample * dx.pixels), to: dx,
          adding: inputGradient.adding)
      }
    }
  }
}

import Numerics

/// Dropout of single values or of whole samples: a factor of 0 or 1 / (1 − p), kept for the backward pass.
final class DropoutOperation: MapOperation {
  let probability: Float
  /// Whole samples share one decision (stochastic depth).
  let wholeSamples: Bool
  private let index: Int
  private let factors: Int

  init(
    probability: Float, wholeSamples: Bool, index: Int, name: String, _ images: MapImages, arena: Arena,
    team: Team
  ) {
    self.probability = probability
    self.wholeSamples = wholeSamples
    self.index = index
    let input = images.input
    factors = arena.request(bytes: 4 * (wholeSamples ? input.batch : input.rows * input.channels))
    super.init(images, name: name, arena: arena, team: team)
    use(factors)
  }

  override func forward(_ run: Execution) {
    draw(run.noise ?? RandomStream(seed: 0, purpose: "dropout"))
    bfloat16
      ? scale(input, to: output, adding: false, BFloat16.self)
      : scale(input, to: output, adding: false, Float.self)
  }

  override func backward(_ run: Execution) {
    guard let outputGradient, let target = inputGradient else { return }
    bfloat16
      ? scale(outputGradient, to: target.image, adding: target.adding, BFloat16.self)
      : scale(outputGradient, to: target.image, adding: target.adding, Float.self)
  }

  /// Blocks of a fixed size have streams of their own, so that the numbers do not depend on the threads.
  private func draw(_ noise: RandomStream) {
    var noise = noise
    let seed = noise.next()
    let (place, keep) = (floats(factors), 1 / (1 - probability))
    let count = wholeSamples ? input.batch : input.rows * input.channels
    let block = 4096
    team.forEachSlab(of: (count + block - 1) / block) { _, blocks in
      for b in blocks {
        var stream = RandomStream(seed: seed, purpose: "dropout", indices: index, b)
        for i in b * block..<min(count, (b + 1) * block) { place[i] = stream.chance(probability) ? 0 : keep }
      }
    }
  }

  private func scale<E: ImageScalar>(_ from: PlanImage, to: PlanImage, adding: Bool, _ type: E.Type) {
    let (x, y, factor) = (view(from, as: type), view(to, as: type), floats(factors))
    let (perSample, channels, pixels) = (wholeSamples, from.channels, from.pixels)
    team.forEachSlab(of: x.rows, grain: 256) { _, rows in
      NormalisationKernels.forEachBlock(rows, channels) { start, end, channel, width in
        for row in start..<end {
          let f =
            perSample
            ? SIMD16(repeating: factor[row / pixels]) : Float.load(factor + row * channels + channel, width)
          var value = E.load(x[row] + channel, width) * f
          if adding { value += E.load(y[row] + channel, width) }
          E.store(value, y[row] + channel, width)
        }
      }
    }
  }
}

/// Batch, instance or group normalisation with the activation that follows it.
///
/// All three are an affine map per channel of a segment: the whole batch (batch normalisation) or one sample. What
/// differs is over which channels moments are pooled.
final class NormalisationOperation: Operation {
  struct Design {
    var kind: Normalisation.Kind
    var epsilon: Float
    var activation: Activation?
    var bfloat16: Bool
    var isInference: Bool
    var weight: Range<Int>
    var bias: Range<Int>
    var mean: Range<Int>?
    var variance: Range<Int>?
    /// Bias of the convolution before, which the running mean includes though it was not added.
    var precedingBias: Range<Int>?
  }

  let design: Design
  let input: PlanImage
  let output: PlanImage
  let outputGradient: PlanImage?
  let inputGradient: GradientTarget?
  /// Scale, shift, mean, inverse deviation: four vectors per segment.
  private let stateBuffer: Int
  private let sumsBuffer: Int
  private let coefficientBuffer: Int
  /// γ and β of an inference plan.
  private let affineBuffer: Int

  init(
    _ design: Design, name: String, input: PlanImage, output: PlanImage, outputGradient: PlanImage?,
    inputGradient: GradientTarget?, arena: Arena, team: Team
  ) {
    self.design = design
    self.input = input
    self.output = output
    self.outputGradient = outputGradient
    self.inputGradient = inputGradient
    stateBuffer = arena.request(bytes: 16 * input.channels * input.batch)
    sumsBuffer = arena.request(bytes: 16 * input.channels * team.threads)
    coefficientBuffer = arena.request(bytes: 12 * input.channels)
    affineBuffer = arena.request(bytes: 8 * input.channels)
    super.init(name: name, arena: arena, team: team)
    forwardBuffers = [input.buffer, output.buffer, stateBuffer, sumsBuffer, affineBuffer]
    if let outputGradient {
      backwardBuffers = [input.buffer, outputGradient.buffer, stateBuffer, sumsBuffer, coefficientBuffer]
      if let inputGradient { backwardBuffers.insert(inputGradient.image.buffer) }
    }
  }

  private var usesRunningStatistics: Bool {
    if case .batch = design.kind { return design.isInference }
    return false
  }

  override var persistentBuffers: Set<Int> { [usesRunningStatistics ? stateBuffer : affineBuffer] }

  private var segments: Int {
    if case .batch = design.kind { return 1 }
    return input.batch
  }

  /// Channels that share moments.
  private var pooled: Int {
    switch design.kind {
    case .batch, .instance: 1
    case .group(let count): input.channels / count
    }
  }

  override func load(_ weights: UnsafeMutablePointer<Float>) {
    guard usesRunningStatistics, let mean = design.mean, let variance = design.variance else {
      return setAffine(weights)
    }
    let channels = input.channels
    let state = floats(stateBuffer)
    for c in 0..<channels {
      let deviation = (Double(weights[variance.lowerBound + c]) + Double(design.epsilon)).squareRoot()
      let scale = Float(Double(weights[design.weight.lowerBound + c]) / deviation)
      state[c] = scale
      state[channels + c] = weights[design.bias.lowerBound + c] - weights[mean.lowerBound + c] * scale
    }
  }

  private func setAffine(_ weights: UnsafePointer<Float>) {
    let place = floats(affineBuffer)
    place.update(from: weights + design.weight.lowerBound, count: input.channels)
    (place + input.channels).update(from: weights + design.bias.lowerBound, count: input.channels)
  }

  override func forward(_ run: Execution) {
    if !design.isInference { setAffine(run.weights) }
    design.bfloat16 ? forward(run, BFloat16.self) : forward(run, Float.self)
  }

  override func backward(_ run: Execution) {
    design.bfloat16 ? backward(run, BFloat16.self) : backward(run, Float.self)
  }

  private func forward<E: ImageScalar>(_ run: Execution, _ type: E.Type) {
    let (x, y) = (view(input, as: type), view(output, as: type))
    let rows = x.rows / segments
    for segment in 0..<segments {
      let state = floats(stateBuffer) + segment * 4 * x.channels
      if !usesRunningStatistics {
        measure(x, segment * rows..<(segment + 1) * rows, state, run)
      }
      team.forEachSlab(of: rows, grain: 256) { _, slab in
        NormalisationKernels.apply(
          x, rows: slab.shifted(by: segment * rows), scale: state, shift: state + x.channels,
          design.activation,
          to: y)
      }
    }
  }

  /// Moments of one segment, and the affine map made of them.
  private func measure<E: ImageScalar>(
    _ x: ImageView<E>, _ rows: Range<Int>, _ state: UnsafeMutablePointer<Float>, _ run: Execution
  ) {
    let channels = x.channels
    let (scale, shift, mean, inverse) = (state, state + channels, state + 2 * channels, state + 3 * channels)
    // Values near the mean keep the sum of squares exact: the first pixel will do.
    for c in 0..<channels { mean[c] = x[rows.lowerBound][c].float }
    let sums = memberSums(channels, rows.count) { slab, sums in
      NormalisationKernels.moments(x, rows: slab.shifted(by: rows.lowerBound), shift: mean, into: sums)
    }
    let count = Double(rows.count)
    for first in stride(from: 0, to: channels, by: pooled) {
      var (total, square) = (0.0, 0.0)
      for c in first..<first + pooled { total += Double(mean[c]) + sums[c] / count }
      let average = total / Double(pooled)
      for c in first..<first + pooled {
        // Second moment about the shift, moved to the group's mean.
        let offset = average - Double(mean[c])
        square += sums[channels + c] / count - 2 * offset * sums[c] / count + offset * offset
      }
      let variance = max(0, square / Double(pooled))
      let deviation = 1 / (variance + Double(design.epsilon)).squareRoot()
      for c in first..<first + pooled {
        mean[c] = Float(average)
        inverse[c] = Float(deviation)
        scale[c] = Float(Double(floats(affineBuffer)[c]) * deviation)
        shift[c] = Float(Double(floats(affineBuffer)[channels + c]) - average * Double(scale[c]))
      }
      if case .batch(let momentum) = design.kind {
        updateRunning(first, mean: average, variance: variance * count / max(1, count - 1), momentum, run)
      }
    }
  }

  private func updateRunning(
    _ channel: Int, mean: Double, variance: Double, _ momentum: Float, _ run: Execution
  ) {
    guard let meanRange = design.mean, let varianceRange = design.variance else { return }
    let bias = design.precedingBias.map { run.weights[$0.lowerBound + channel] } ?? 0
    let (m, v) = (
      run.weights + meanRange.lowerBound + channel, run.weights + varianceRange.lowerBound + channel
    )
    m.pointee += momentum * (Float(mean) + bias - m.pointee)
    v.pointee += momentum * (Float(variance) - v.pointee)
  }

  /// The two sums per channel of all members, added in their order.
  private func memberSums(
    _ channels: Int, _ rows: Int, _ body: (Range<Int>, UnsafeMutablePointer<Double>) -> Void
  ) -> UnsafeMutablePointer<Double> {
    let sums = UnsafeMutableRawPointer(floats(sumsBuffer)).assumingMemoryBound(to: Double.self)
    sums.update(repeating: 0, count: 2 * channels * team.threads)
    team.forEachSlab(of: rows, grain: 256) { member, slab in body(slab, sums + member * 2 * channels) }
    for member in 1..<max(2, team.threads) where member < team.threads {
      for i in 0..<2 * channels { sums[i] += sums[member * 2 * channels + i] }
    }
    return sums
  }

  private func backward<E: ImageScalar>(_ run: Execution, _ type: E.Type) {
    guard let outputGradient, let gradient = run.gradient else { return }
    let (x, dy) = (view(input, as: type), view(outputGradient, as: type))
    let rows = x.rows / segments
    let channels = x.channels
    let (dWeight, dBias) = (gradient + design.weight.lowerBound, gradient + design.bias.lowerBound)
    if !run.isAccumulating {
      dWeight.update(repeating: 0, count: channels)
      dBias.update(repeating: 0, count: channels)
    }
    for segment in 0..<segments {
      let state = floats(stateBuffer) + segment * 4 * channels
      let (scale, shift, mean, inverse) = (
        state, state + channels, state + 2 * channels, state + 3 * channels
      )
      let sums = memberSums(channels, rows) { slab, sums in
        NormalisationKernels.gradientMoments(
          x, dy, rows: slab.shifted(by: segment * rows), scale: scale, shift: shift, mean: mean,
          design.activation, into: sums)
      }
      for c in 0..<channels {
        dBias[c] += Float(sums[c])
        dWeight[c] += Float(sums[channels + c] * Double(inverse[c]))
      }
      guard let inputGradient else { continue }
      let coefficients = floats(coefficientBuffer)
      for first in stride(from: 0, to: channels, by: pooled) {
        var (a, b) = (0.0, 0.0)
        for c in first..<first + pooled {
          let gamma = Double(run.weights[design.weight.lowerBound + c])
          a += gamma * sums[c]
          b += gamma * sums[channels + c] * Double(inverse[c])
        }
        let count = Double(rows * pooled)
        let deviation = Double(inverse[first])
        for c in first..<first + pooled {
          let q = -deviation * deviation * b / count
          coefficients[c] = scale[c]
          coefficients[channels + c] = Float(q)
          coefficients[2 * channels + c] = Float(-deviation * a / count - q * Double(mean[c]))
        }
      }
      let dx = view(inputGradient.image, as: type)
      team.forEachSlab(of: rows, grain: 256) { _, slab in
        NormalisationKernels.gradient(
          x, dy, rows: slab.shifted(by: segment * rows), scale: scale, shift: shift,
          coefficients: coefficients,
          design.activation, to: dx, adding: inputGradient.adding)
      }
    }
  }
}

extension Range<Int> {
  func shifted(by offset: Int) -> Range<Int> { lowerBound + offset..<upperBound + offset }
}

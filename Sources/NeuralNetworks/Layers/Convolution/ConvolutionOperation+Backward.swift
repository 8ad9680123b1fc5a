extension ConvolutionOperation {
  /// Gradients of the kernel, the bias and the input.
  func propagate(_ run: Execution) throws(NeuralNetworkError) {
    guard let weightGradient, let outputGradient, let gradient = run.gradient else { return }
    let kernelGradient = gradient + design.weight.lowerBound
    if design.expands {
      let expanded = floats(gradientExpandedBuffer)
      try weightGradient.run(to: expanded, adding: false)
      UpsamplingWeights.contract(
        expanded, outputs: output.channels, inputs: input.channels, axes: design.axes, to: kernelGradient,
        adding: run.isAccumulating, team: team)
    } else {
      try weightGradient.run(to: kernelGradient, adding: run.isAccumulating)
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
    guard let dataKernel, let inputGradient else { return }
    try dataKernel.prepare(from: run.weights + design.weight.lowerBound)
    try design.bfloat16
      ? convolve(dataKernel, outputGradient, inputGradient, BFloat16.self)
      : convolve(dataKernel, outputGradient, inputGradient, Float.self)
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

  private func convolve<E: ImageScalar>(
    _ kernel: ConvolutionKernel, _ arrived: PlanImage, _ target: GradientTarget, _ type: E.Type
  ) throws(NeuralNetworkError) {
    try kernel.run(view(arrived, as: type), to: view(target.image, as: type), adding: target.adding)
  }

  private func add<E: ImageScalar>(_ part: PlanImage, to target: GradientTarget, _ type: E.Type) {
    let (x, y) = (view(part, as: type), view(target.image, as: type))
    team.forEachSlab(of: x.rows, grain: 256) { _, rows in
      ElementwiseKernels.copy(x, rows: rows, to: y, adding: target.adding)
    }
  }
}

/// What computes a convolution or its data gradient.
enum ConvolutionKernel {
  case library(KernelWeights)
  case tiles(TileConvolution)

  var library: KernelWeights? {
    if case .library(let weights) = self { weights } else { nil }
  }

  var tiles: TileConvolution? {
    if case .tiles(let tiles) = self { tiles } else { nil }
  }

  /// Where the weights lie, and all buffers touched.
  var weightsBuffer: Int {
    switch self {
    case .library(let weights): weights.buffer
    case .tiles(let tiles): tiles.weightsBuffer
    }
  }

  var buffers: Set<Int> {
    switch self {
    case .library(let weights): weights.buffers
    case .tiles(let tiles): tiles.buffers
    }
  }

  /// Make the kernel's weights from row-major parameters.
  func prepare(from parameters: UnsafePointer<Float>) throws(NeuralNetworkError) {
    switch self {
    case .library(let weights): try weights.prepare(from: parameters)
    case .tiles(let tiles): tiles.prepare(from: parameters)
    }
  }
}

extension ConvolutionDesign {
  /// The convolution on tiles, where it is of the kind that they compute.
  func tiles(input: PlanImage, output: PlanImage) -> TileGeometry? {
    guard let kind = tileKind else { return nil }
    return tiles(
      kind, inputs: input.channels, outputs: output.channels, batch: input.batch, extents: input.extents,
      isGradient: false)
  }

  private var tileKind: TileGeometry.Kind? {
    if expands { return .expanding }
    let keeps =
      !adjoint && geometry.kernel == 3 && geometry.stride == 1 && geometry.padding == 1
      && geometry.dilation == 1 && geometry.groups == 1
    return keeps ? .same : nil
  }

  private func tiles(
    _ kind: TileGeometry.Kind, inputs: Int, outputs: Int, batch: Int, extents: SIMD3<Int>, isGradient: Bool
  ) -> TileGeometry? {
    guard axes == 3, TileGeometry.takes(inputs: inputs, outputs: outputs),
      let terms = terms(kind, outputs: outputs, isGradient: isGradient)
    else { return nil }
    return TileGeometry(
      kind: kind, inputs: inputs, outputs: outputs, batch: batch, extents: extents, terms: terms)
  }

  /// Numbers in bf16 that stand for a scalar; nil where oneDNN computes. Three terms are left out where they are slower:
  /// in the forward pass of training, and where 16 output channels use half of what a step loads.
  private func terms(_ kind: TileGeometry.Kind, outputs: Int, isGradient: Bool) -> Int? {
    switch precision {
    case .bf16x3: (isInference || isGradient) && !(kind == .same && outputs == 16) ? 3 : nil
    case .bf16x2: 2
    case .bf16: kind == .expanding ? 1 : nil
    case .automatic, .f32: nil
    }
  }

  /// Its data gradient on tiles.
  func gradientTiles(input: PlanImage, output: PlanImage) -> TileGeometry? {
    guard let kind = tileKind else { return nil }
    return tiles(
      kind == .same ? .same : .contracting, inputs: output.channels, outputs: input.channels,
      batch: input.batch, extents: input.extents, isGradient: true)
  }
}

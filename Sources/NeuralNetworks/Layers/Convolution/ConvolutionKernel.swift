import COneDNN

/// What computes a convolution or its data gradient.
enum ConvolutionKernel {
  case library(KernelWeights)
  case tiles(TileConvolution)
  case winograd(WinogradConvolution)
  case planeWinograd(PlaneWinogradConvolution)
  case upsampled(UpsampledConvolution)

  var library: KernelWeights? {
    if case .library(let weights) = self { weights } else { nil }
  }

  /// The convolution where this package computes it.
  var own: (any OwnConvolution)? {
    switch self {
    case .library: nil
    case .tiles(let convolution): convolution
    case .winograd(let convolution): convolution
    case .planeWinograd(let convolution): convolution
    case .upsampled(let convolution): convolution
    }
  }

  /// Where the weights lie, and all buffers touched.
  var weightsBuffer: Int { own?.weightsBuffer ?? library?.buffer ?? -1 }
  var buffers: Set<Int> { own?.buffers ?? library?.buffers ?? [] }

  /// Make the kernel's weights from row-major parameters.
  func prepare(from parameters: UnsafePointer<Float>) throws(NeuralNetworkError) {
    own?.prepare(from: parameters)
    try library?.prepare(from: parameters)
  }

  /// y = f(k ∗ x + bias), or added to y; where a library computes, its primitive knows its images. Only Winograd's kernel
  /// also makes the pooled image, and only those in f32 leave out what is not active.
  func run<E: ImageScalar>(
    _ x: ImageView<E>, bias: UnsafePointer<Float>? = nil, _ activation: Activation? = nil, to y: ImageView<E>,
    adding: Bool = false, pooled: ImageView<E>? = nil, active: ActiveBlocks? = nil
  ) throws(NeuralNetworkError) {
    switch self {
    case .library(let weights): try weights.primitive.run()
    case .tiles(let own): own.run(x, bias: bias, activation, to: y, adding: adding)
    case .winograd(let own):
      own.run(x, bias: bias, activation, to: y, adding: adding, pooled: pooled, active: active)
    case .planeWinograd(let own): own.run(x, bias: bias, activation, to: y, adding: adding)
    case .upsampled(let own): own.run(x, bias: bias, activation, to: y, adding: adding, active: active)
    }
  }
}

extension ConvolutionDesign {
  /// The convolution in fewer multiplications, where that pays: for planes of several tiles and weights that a cache holds.
  func winograd(input: PlanImage, output: PlanImage) -> ConvolutionSize? {
    guard isInference || precision == .bf16, tileKind == .same else { return nil }
    return winograd(inputs: input.channels, outputs: output.channels, input)
  }

  /// The convolution of images of two axes in fewer multiplications, at inference in f32: for channels in eights, and images of at
  /// least a tile.
  func planeWinograd(input: PlanImage, output: PlanImage) -> ConvolutionSize? {
    guard isInference, axes == 2, precision == .f32, tileKind == .same, KernelLibrary.hasFusedProducts,
      input.channels >= 16, input.channels % 8 == 0, output.channels % 8 == 0, output.channels >= 16,
      input.extents[1] >= 4, input.extents[2] >= 4
    else { return nil }
    return ConvolutionSize(
      inputs: input.channels, outputs: output.channels, batch: input.batch, extents: input.extents)
  }

  /// Its data gradient, which is the convolution with the mirrored kernel. Training in f32 keeps the plain sums.
  func gradientWinograd(input: PlanImage, output: PlanImage) -> ConvolutionSize? {
    guard precision == .bf16, tileKind == .same else { return nil }
    return winograd(inputs: output.channels, outputs: input.channels, input)
  }

  private func winograd(inputs: Int, outputs: Int, _ image: PlanImage) -> ConvolutionSize? {
    // Every strip of tiles reads all weights; registers of 512 bits are done with them sooner than the third cache.
    let mostWeights = nn_has_wide_registers() ? 1 << 21 : 1 << 23
    guard let size = sizeInRegisters(inputs: inputs, outputs: outputs, image), image.extents[0] >= 3,
      size.planeTiles >= 16, size.winogradWeights <= mostWeights
    else { return nil }
    return size
  }

  /// Up-sampling and the convolution behind it as one sum over the coarse image, at inference in f32; in bf16 the library's
  /// products, twice as fast, make good that they are more.
  func upsampled(input: PlanImage, output: PlanImage) -> ConvolutionSize? {
    guard isInference, expands, precision == .f32 else { return nil }
    return sizeInRegisters(inputs: input.channels, outputs: output.channels, input)
  }

  /// The size where this package's kernels in f32 are for it: also for images in bf16 where the CPU has no tiles, as an
  /// eighth of the multiplications is less than half of them.
  private func sizeInRegisters(inputs: Int, outputs: Int, _ image: PlanImage) -> ConvolutionSize? {
    guard axes == 3, precision == .f32 || (precision == .bf16 && !KernelLibrary.hasTiles),
      KernelLibrary.hasFusedProducts, inputs % 16 == 0, outputs % 16 == 0
    else { return nil }
    return ConvolutionSize(inputs: inputs, outputs: outputs, batch: image.batch, extents: image.extents)
  }

  /// The convolution on tiles, where it is of the kind that they compute.
  func tiles(input: PlanImage, output: PlanImage) -> TileGeometry? {
    guard let kind = tileKind else { return nil }
    // oneDNN writes whole images only: what belongs into a part of a wider one would be copied.
    let fillsPart = kind == .same && isInference && !output.isDense
    guard precision != .bf16 || kind == .expanding || fillsPart else { return nil }
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
    case .bf16: isGradient && kind == .same ? nil : 1
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

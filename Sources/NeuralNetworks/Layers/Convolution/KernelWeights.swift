import COneDNN

/// The weights of a oneDNN kernel in the layout it asks for, made anew from the parameters whenever those changed.
final class KernelWeights {
  let primitive: ConvolutionPrimitive
  /// Where they lie.
  let buffer: Int
  /// All buffers touched while they are made.
  let buffers: Set<Int>
  /// How the kernel's weights follow from the parameters.
  enum Source {
    case parameters
    /// Made from a 3ⁿ kernel: nearest ×2 up-sampling came before.
    case expanded
    /// With channels exchanged and taps in reverse.
    case mirrored
  }

  private let source: Source
  private let shape: nn_convolution_shape
  private let temporary: Int?
  private unowned let arena: Arena
  private let team: Team

  /// - Parameter isInference: Weights are made once and need no lasting memory for the way there.
  init(
    _ shape: nn_convolution_shape, _ direction: nn_direction, _ source: Source, isInference: Bool,
    name: String, arena: Arena, team: Team
  ) throws(NeuralNetworkError) {
    self.shape = shape
    self.arena = arena
    self.team = team
    self.source = source
    let packs =
      shape.bfloat16 && shape.groups == 1 && shape.in_channels % 16 == 0
      && (shape.spatial_axes == 3 || source != .expanded)
    primitive = try ConvolutionPrimitive(
      shape, direction, weights: packs ? nn_packed_weights : nn_plain_weights, name: name)
    buffer = arena.request(bytes: primitive.weightsBytes)
    let needs = KernelWeights.temporaryBytes(shape, packs: packs, source)
    temporary = isInference || needs == 0 ? nil : arena.request(bytes: needs)
    buffers = Set([buffer] + (temporary.map { [$0] } ?? []))
  }

  private static func taps(_ shape: nn_convolution_shape) -> Int {
    (0..<Int(shape.spatial_axes)).reduce(1) { taps, _ in taps * Int(shape.kernel) }
  }

  private static func temporaryBytes(_ shape: nn_convolution_shape, packs: Bool, _ source: Source) -> Int {
    let count = Int(shape.in_channels * shape.out_channels) * taps(shape)
    return packs ? 2 * count : source == .parameters ? 0 : 4 * count
  }

  /// Make them from row-major parameters.
  func prepare(from parameters: UnsafePointer<Float>) throws(NeuralNetworkError) {
    let target = arena.address(buffer)
    let packs = primitive.weights == nn_packed_weights
    let needs = KernelWeights.temporaryBytes(shape, packs: packs, source)
    guard needs > 0 else {
      return try primitive.reorderWeights(from: UnsafeMutablePointer(mutating: parameters), to: target)
    }
    if let temporary {
      let place = arena.address(temporary)
      rearrange(parameters, to: place, packs: packs)
      return try primitive.reorderWeights(from: place, to: target)
    }
    let place = UnsafeMutableRawPointer.allocate(byteCount: needs, alignment: 64)
    defer { place.deallocate() }
    rearrange(parameters, to: place, packs: packs)
    try primitive.reorderWeights(from: place, to: target)
  }

  private func rearrange(_ parameters: UnsafePointer<Float>, to place: UnsafeMutableRawPointer, packs: Bool) {
    let (sources, targets) = (Int(shape.in_channels), Int(shape.out_channels))
    let taps = KernelWeights.taps(shape)
    guard packs else {
      let plain = place.assumingMemoryBound(to: Float.self)
      switch source {
      case .parameters: plain.update(from: parameters, count: sources * targets * taps)
      case .expanded:
        UpsamplingWeights.expand(
          parameters, outputs: sources, inputs: targets, axes: Int(shape.spatial_axes), to: plain, team: team)
      case .mirrored:
        PackedWeights.mirror(
          parameters, outputs: sources, inputs: targets, taps: taps, to: plain, team: team)
      }
      return
    }
    let packed = place.assumingMemoryBound(to: BFloat16.self)
    switch source {
    case .parameters:
      PackedWeights.pack(parameters, outputs: targets, inputs: sources, taps: taps, to: packed, team: team)
    case .expanded:
      PackedWeights.expand(parameters, outputs: sources, inputs: targets, to: packed, team: team)
    case .mirrored:
      PackedWeights.packMirrored(
        parameters, outputs: sources, inputs: targets, taps: taps, to: packed, team: team)
    }
  }
}

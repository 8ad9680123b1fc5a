import COneDNN

/// The gradient of a convolution's kernel, row-major: on AMX tiles where the shape allows, channel by channel where each is
/// filtered by itself, else by oneDNN.
final class WeightGradient {
  /// oneDNN's kernel, where that computes it.
  let primitive: ConvolutionPrimitive?
  /// All buffers touched.
  let buffers: Set<Int>
  /// Time in this package's kernels since it was set to zero.
  var ownTime = Duration.zero
  /// The name of the kernel of this package that computes it.
  var ownName: String { Self.isDepthwise(shape) ? "channels" : "tiles:amx_bf16" }
  private let shape: nn_convolution_shape
  private let packed: Int
  private let scratch: Int
  private unowned let arena: Arena
  private let team: Team
  private var operands: (image: UnsafeMutableRawPointer, result: UnsafeMutableRawPointer)?

  init(_ shape: nn_convolution_shape, name: String, arena: Arena, team: Team) throws(NeuralNetworkError) {
    self.shape = shape
    self.arena = arena
    self.team = team
    var asked = shape
    if Self.isDepthwise(shape) {
      primitive = nil
      packed = -1
      scratch = -1
      buffers = []
    } else if nn_tiles_take(&asked) {
      primitive = nil
      packed = -1
      scratch = arena.request(bytes: nn_tiles_scratch_bytes(&asked, Int32(team.threads)))
      buffers = [scratch]
    } else {
      let made = try ConvolutionPrimitive(shape, nn_backward_weights, weights: nn_plain_weights, name: name)
      primitive = made
      packed = arena.request(bytes: made.weightsBytes)
      scratch = arena.request(bytes: made.scratchBytes)
      buffers = [packed, scratch]
    }
  }

  func bind(image: UnsafeMutableRawPointer, result: UnsafeMutableRawPointer) throws(NeuralNetworkError) {
    operands = (image, result)
    try primitive?.bind(
      image: image, weights: arena.address(packed), bias: nil, result: result, scratch: arena.address(scratch)
    )
  }

  /// Write the gradient, or add it.
  func run(to gradient: UnsafeMutablePointer<Float>, adding: Bool) throws(NeuralNetworkError) {
    if let primitive {
      try primitive.run()
      return try primitive.reorderWeights(from: arena.address(packed), to: gradient, adding: adding)
    }
    guard let operands else { preconditionFailure("a plan is bound before it runs") }
    var shape = shape
    ownTime.count {
      if Self.isDepthwise(shape) {
        return shape.bfloat16
          ? filterEachChannel(operands, BFloat16.self, to: gradient, adding: adding)
          : filterEachChannel(operands, Float.self, to: gradient, adding: adding)
      }
      nn_tiles_weight_gradient(
        &shape, operands.image, operands.result, gradient, adding, Int32(team.threads), arena.address(scratch)
      )
    }
  }

  private static func isDepthwise(_ shape: nn_convolution_shape) -> Bool {
    shape.spatial_axes == 2 && shape.groups > 1 && shape.groups == shape.in_channels
      && shape.groups == shape.out_channels
  }

  private func filterEachChannel<E: ImageScalar>(
    _ operands: (image: UnsafeMutableRawPointer, result: UnsafeMutableRawPointer), _ type: E.Type,
    to gradient: UnsafeMutablePointer<Float>, adding: Bool
  ) {
    let geometry = DepthwiseKernels.Geometry(
      batch: Int(shape.batch), input: SIMD2(Int(shape.in.0), Int(shape.in.1)),
      output: SIMD2(Int(shape.out.0), Int(shape.out.1)), kernel: Int(shape.kernel), stride: Int(shape.stride),
      padding: Int(shape.padding), dilation: Int(shape.dilation))
    let (x, dy) = (
      UnsafePointer(operands.image.assumingMemoryBound(to: type)),
      UnsafePointer(operands.result.assumingMemoryBound(to: type))
    )
    let channels = Int(shape.groups)
    team.forEachSlab(of: (channels + 15) / 16) { _, blocks in
      DepthwiseKernels.weightGradient(
        x, pixelStride: Int(shape.in_pixel_stride), dy, resultStride: Int(shape.out_pixel_stride), geometry,
        channels: 16 * blocks.lowerBound..<min(channels, 16 * blocks.upperBound), to: gradient, adding: adding
      )
    }
  }
}

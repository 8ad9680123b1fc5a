import COneDNN

/// The gradient of a convolution's kernel, row-major: on AMX tiles where the shape allows, else by oneDNN.
final class WeightGradient {
  /// oneDNN's kernel, where that computes it.
  let primitive: ConvolutionPrimitive?
  /// All buffers touched.
  let buffers: Set<Int>
  /// Time on tiles since it was set to zero.
  var tileTime = Duration.zero
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
    if nn_tiles_take(&asked) {
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
    tileTime.count {
      nn_tiles_weight_gradient(
        &shape, operands.image, operands.result, gradient, adding, Int32(team.threads), arena.address(scratch)
      )
    }
  }
}

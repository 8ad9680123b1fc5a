import COneDNN

/// A oneDNN convolution of one direction, and the reorder of its weights to or from row-major order.
final class ConvolutionPrimitive {
  private var handle: nn_convolution_t?
  private var reorder: nn_reorder_t?
  private var addingReorder: nn_reorder_t?
  private let name: String
  let direction: nn_direction
  /// What `reorderWeights` has on the other side.
  let weights: nn_weight_order

  init(
    _ shape: nn_convolution_shape, _ direction: nn_direction, weights: nn_weight_order, name: String
  ) throws(NeuralNetworkError) {
    self.name = name
    self.weights = weights
    self.direction = direction
    var shape = shape
    try check(nn_convolution_create(&shape, direction, &handle), "convolution")
    let toPlain = direction == nn_backward_weights
    try check(nn_reorder_create(handle, weights, toPlain, false, &reorder), "reorder of weights")
    if toPlain {
      try check(nn_reorder_create(handle, weights, toPlain, true, &addingReorder), "reorder of weights")
    }
  }

  deinit {
    nn_reorder_destroy(reorder)
    nn_reorder_destroy(addingReorder)
    nn_convolution_destroy(handle)
  }

  var weightsBytes: Int { nn_convolution_weights_bytes(handle) }
  var scratchBytes: Int { nn_convolution_scratch_bytes(handle) }
  /// oneDNN's name for the kernel.
  var kernel: String { String(cString: nn_convolution_kernel(handle)) }

  func bind(
    image: UnsafeMutableRawPointer, weights: UnsafeMutableRawPointer, bias: UnsafeMutableRawPointer?,
    result: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer?
  ) throws(NeuralNetworkError) {
    try check(nn_convolution_bind(handle, image, weights, bias, result, scratch), "binding")
  }

  /// Time spent in `run` and in `reorderWeights` since they were set to zero.
  var time = Duration.zero
  var reorderTime = Duration.zero

  /// What the kernel computes.
  var role: String {
    switch direction {
    case nn_forward: "forward"
    case nn_backward_data: "data gradient"
    default: "weight gradient"
    }
  }

  func run() throws(NeuralNetworkError) {
    try time.count { () throws(NeuralNetworkError) in try check(nn_convolution_run(handle), "convolution") }
  }

  /// Row-major or packed weights to the kernel's layout, or (weight gradients) back.
  func reorderWeights(
    from: UnsafeMutableRawPointer, to: UnsafeMutableRawPointer, adding: Bool = false
  ) throws(NeuralNetworkError) {
    try reorderTime.count { () throws(NeuralNetworkError) in
      try check(nn_reorder_run(adding ? addingReorder : reorder, from, to), "reorder of weights")
    }
  }

  private func check(_ status: Int32, _ what: String) throws(NeuralNetworkError) {
    if status != 0 { throw .library(operation: "\(what) of \(name)", status: Int(status)) }
  }
}

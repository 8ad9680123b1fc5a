import COneDNN

/// What a convolution operation has to compute, as it follows from the graph.
struct ConvolutionDesign {
  var geometry: Convolution
  var axes: Int
  /// The operation is the adjoint of a convolution from its output to its input.
  var adjoint: Bool
  /// The adjoint's kernel is made from a 3ⁿ kernel: nearest ×2 up-sampling came before.
  var expands: Bool
  var bfloat16: Bool
  var precision: Plan.Precision
  var outputChannels: Int
  var weight: Range<Int>
  var bias: Range<Int>?
  /// The bias has no effect on a batch normalisation that follows in training, and no gradient.
  var ignoresBias: Bool
  /// Inference: the batch normalisation folded into weights and bias.
  var folded: FoldedNormalisation?
  var activation: Activation?
  var isInference: Bool

  var hasBias: Bool { (bias != nil && !ignoresBias) || folded != nil }

  /// The convolution as oneDNN sees it; bias and activation are part of it where its kernels can apply them.
  func shape(input: PlanImage, output: PlanImage) -> nn_convolution_shape {
    let (source, target) = adjoint ? (output, input) : (input, output)
    var shape = nn_convolution_shape()
    shape.spatial_axes = Int32(axes)
    shape.batch = Int64(source.batch)
    shape.in_channels = Int64(source.channels)
    shape.out_channels = Int64(target.channels)
    shape.groups = Int64(geometry.groups)
    store(source.extents, to: &shape.in)
    store(target.extents, to: &shape.out)
    shape.kernel = Int64(geometry.kernel)
    shape.stride = Int64(geometry.stride)
    shape.padding = Int64(geometry.padding)
    shape.dilation = Int64(geometry.dilation)
    shape.in_pixel_stride = Int64(source.pixelStride)
    shape.out_pixel_stride = Int64(target.pixelStride)
    shape.bfloat16 = bfloat16
    shape.bias = !adjoint && hasBias
    guard !adjoint else { return shape }
    switch activation {
    case nil: shape.activation = nn_identity
    case .relu: shape.activation = nn_relu
    case .leakyReLU(let slope):
      shape.activation = nn_relu
      shape.slope = slope
    case .relu6: shape.activation = nn_relu6
    case .silu: shape.activation = nn_silu
    case .sigmoid: shape.activation = nn_sigmoid
    }
    return shape
  }

  /// How the weights of the kernel follow from the parameters.
  var source: KernelWeights.Source { expands ? .expanded : .parameters }

  /// The data gradient of a convolution that keeps the extents is the convolution with the mirrored kernel, and oneDNN's
  /// forward kernels are faster than those for gradients.
  var isMirrored: Bool {
    let reach = (geometry.kernel - 1) * geometry.dilation
    return !adjoint && geometry.stride == 1 && geometry.groups == 1 && 2 * geometry.padding == reach
      && outputChannels % 16 == 0
  }

  /// The convolution of `shape` as the data gradient sees it.
  func gradientShape(_ shape: nn_convolution_shape) -> nn_convolution_shape {
    var result = shape
    result.bias = false
    result.activation = nn_identity
    guard isMirrored else { return result }
    (result.in_channels, result.out_channels) = (shape.out_channels, shape.in_channels)
    (result.in, result.out) = (shape.out, shape.in)
    (result.in_pixel_stride, result.out_pixel_stride) = (shape.out_pixel_stride, shape.in_pixel_stride)
    return result
  }

  private func store(_ extents: SIMD3<Int>, to place: inout (Int64, Int64, Int64)) {
    withUnsafeMutableBytes(of: &place) { bytes in
      for a in 0..<axes {
        bytes.storeBytes(of: Int64(extents[a + 3 - axes]), toByteOffset: 8 * a, as: Int64.self)
      }
    }
  }
}

/// What a node of a network computes. Spatial lists run slowest axis first (D H W, or H W).
public enum Layer: Hashable, Sendable {
  /// The network's input.
  case input
  /// Cross-correlation, as every deep-learning library calls convolution.
  case convolution(Convolution)
  /// The adjoint of a convolution: up-sampling with learned weights.
  case transposedConvolution(Convolution)
  /// A matrix applied to the channels of a map whose spatial extents are all 1.
  case dense
  /// Largest or mean value of each window.
  case pooling(Pooling)
  /// Mean over all spatial positions; spatial extents become 1.
  case globalAveragePooling
  /// Enlargement by a whole factor on every spatial axis.
  case upsampling(Upsampling)
  /// Zero mean and unit variance, then a learned scale and shift.
  case normalisation(Normalisation)
  /// A function of each value alone.
  case activation(Activation)
  /// Each value set to zero with this probability in training, the others scaled by 1 / (1 − p).
  case dropout(probability: Float)
  /// Each sample's whole map set to zero with this probability in training, the others scaled by 1 / (1 − p)
  /// (Huang et al., 2016).
  case stochasticDepth(probability: Float)
  /// Maps side by side along the channel axis.
  case concatenation
  /// Sum of two maps of the same shape.
  case addition
  /// Product of a map and a gate: same shape, or the gate's spatial extents 1 (squeeze-and-excitation), or the gate's
  /// channels 1 (attention).
  case multiplication
  /// exp(x) / Σ exp(x) over the channels.
  case softmax
}

/// The geometry of a convolution, the same on every spatial axis.
public struct Convolution: Hashable, Sendable {
  /// Extent of the kernel.
  public var kernel: Int
  /// Step between windows.
  public var stride: Int
  /// Zeros added before and after each axis.
  public var padding: Int
  /// Distance of the kernel's taps; 1 = dense.
  public var dilation: Int
  /// Channel groups; as many as channels = depthwise.
  public var groups: Int
  /// Whether a value per output channel is added.
  public var bias: Bool
  /// First values.
  public var initialisation: WeightInitialisation

  /// A convolution padded so that stride 1 keeps the shape (odd kernels).
  public init(
    kernel: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1, bias: Bool = true,
    initialisation: WeightInitialisation = .kaimingUniform
  ) {
    self.init(
      kernel: kernel, stride: stride, padding: dilation * (kernel - 1) / 2, dilation: dilation,
      groups: groups,
      bias: bias, initialisation: initialisation)
  }

  /// A convolution with the given padding.
  public init(
    kernel: Int, stride: Int, padding: Int, dilation: Int = 1, groups: Int = 1, bias: Bool = true,
    initialisation: WeightInitialisation = .kaimingUniform
  ) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    self.bias = bias
    self.initialisation = initialisation
  }
}

/// A window that moves over each channel.
public struct Pooling: Hashable, Sendable {
  /// What a window gives.
  public enum Kind: Hashable, Sendable {
    /// The largest value.
    case maximum
    /// The mean; padded zeros do not count.
    case average
  }

  /// What a window gives.
  public var kind: Kind
  /// Extent of the window on every axis.
  public var kernel: Int
  /// Step between windows.
  public var stride: Int
  /// Positions added before and after each axis.
  public var padding: Int

  /// A window of `kernel` every `stride` positions.
  public init(_ kind: Kind, kernel: Int, stride: Int, padding: Int = 0) {
    self.kind = kind
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }
}

/// Enlargement of the spatial axes.
public struct Upsampling: Hashable, Sendable {
  /// How new positions get their values.
  public enum Kind: Hashable, Sendable {
    /// The value of the position they come from.
    case nearest
    /// Linear along each axis between voxel centres (half-pixel convention), edges repeated.
    case linear
  }

  /// How new positions get their values.
  public var kind: Kind
  /// The factor on every axis.
  public var factor: Int

  /// Enlargement by `factor`.
  public init(_ kind: Kind, factor: Int) {
    self.kind = kind
    self.factor = factor
  }
}

/// Which values share a mean and a variance.
public struct Normalisation: Hashable, Sendable {
  /// Which values share a mean and a variance.
  public enum Kind: Hashable, Sendable {
    /// A channel of the whole batch; running statistics at inference (Ioffe and Szegedy, 2015). `momentum` is the
    /// share of the new batch in the running statistics.
    case batch(momentum: Float)
    /// A channel of one sample (Ulyanov et al., 2016).
    case instance
    /// A group of channels of one sample (Wu and He, 2018).
    case group(count: Int)
  }

  /// Which values share a mean and a variance.
  public var kind: Kind
  /// Added to the variance.
  public var epsilon: Float

  /// A normalisation with learned scale and shift.
  public init(_ kind: Kind, epsilon: Float = 1e-5) {
    self.kind = kind
    self.epsilon = epsilon
  }
}

/// A function of each value alone.
public enum Activation: Hashable, Sendable {
  /// max(x, 0).
  case relu
  /// x for x > 0, else slope · x.
  case leakyReLU(slope: Float)
  /// min(max(x, 0), 6).
  case relu6
  /// x · sigmoid(x), also called swish.
  case silu
  /// 1 / (1 + exp(−x)).
  case sigmoid
}

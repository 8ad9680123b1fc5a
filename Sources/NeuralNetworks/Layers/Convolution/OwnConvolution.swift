/// A convolution that this package computes itself, with its bias and activation.
protocol OwnConvolution: AnyObject {
  /// Its kernel's name in the table of times, and what it computes.
  var name: String { get }
  var role: String { get }
  /// All buffers touched, and where the weights lie.
  var buffers: Set<Int> { get }
  var weightsBuffer: Int { get }
  /// Time of `run` and of `prepare` since they were set to zero.
  var time: Duration { get set }
  var packTime: Duration { get set }

  /// Take over row-major weights, out × in × taps.
  func prepare(from parameters: UnsafePointer<Float>)

  /// y = f(k ∗ x + bias), or added to y.
  func run<E: ImageScalar, F: Pointwise>(_ x: ImageView<E>, _ epilogue: ConvolutionEpilogue<E, F>)
}

/// Channels and extents of a convolution whose channels come in blocks of 16.
struct ConvolutionSize {
  var inputs: Int
  var outputs: Int
  var batch: Int
  /// Of the image that is read.
  var extents: SIMD3<Int>

  /// Blocks of 16 input channels.
  var blocks: Int { inputs / 16 }
}

/// What is done with the sums of a convolution.
struct ConvolutionEpilogue<E: ImageScalar, F: Pointwise> {
  let y: ImageView<E>
  let bias: UnsafePointer<Float>?
  let function: F
  /// Results are added to what is there.
  let adding: Bool
  /// Where the largest values of windows of 2³ go, if anywhere (``WinogradConvolution``).
  let pooled: ImageView<E>?
  /// Where results are wanted, elsewhere they are 0; nil = everywhere. One sample only.
  let active: ActiveBlocks?

  /// The value of a pixel from `channel` on: 16 sums. Also returned.
  @inline(__always)
  @discardableResult
  func store(_ sums: SIMD16<Float>, _ pixel: UnsafeMutablePointer<E>, channel: Int) -> SIMD16<Float> {
    let place = pixel + channel
    var value = function(bias.map { sums + Float.load16($0 + channel) } ?? sums)
    if adding { value += E.load16(place) }
    E.store16(value, place)
    return value
  }

  /// The same for `count` sums, where fewer than 16 channels are left.
  @inline(__always)
  func store(_ sums: SIMD16<Float>, _ pixel: UnsafeMutablePointer<E>, channel: Int, count: Int) {
    if count >= 16 {
      store(sums, pixel, channel: channel)
    } else {
      let place = pixel + channel
      var value = function(bias.map { sums + Float.load($0 + channel, count) } ?? sums)
      if adding { value += E.load(place, count) }
      E.store(value, place, count)
    }
  }
}

extension OwnConvolution {
  /// y = f(k ∗ x + bias), or added to y.
  func run<E: ImageScalar>(
    _ x: ImageView<E>, bias: UnsafePointer<Float>? = nil, _ activation: Activation? = nil, to y: ImageView<E>,
    adding: Bool = false, pooled: ImageView<E>? = nil, active: ActiveBlocks? = nil
  ) {
    time.count {
      func run<F: Pointwise>(_ function: F) {
        self.run(
          x,
          ConvolutionEpilogue(
            y: y, bias: bias, function: function, adding: adding, pooled: pooled, active: active))
      }
      switch activation {
      case nil: run(Identity())
      case .relu: run(LeakyReLU(slope: 0))
      case .leakyReLU(let slope): run(LeakyReLU(slope: slope))
      case .relu6: run(ReLU6())
      case .silu: run(SiLU())
      case .sigmoid: run(Sigmoid())
      }
    }
  }
}

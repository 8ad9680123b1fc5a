import COneDNN

/// Where the time of a plan's passes went: one operation, that is a layer or several fused ones.
public struct OperationTime: Sendable, Equatable, Codable {
  /// A kernel of oneDNN that the operation calls.
  public struct Kernel: Sendable, Equatable, Codable {
    /// What it computes: `forward`, `data gradient` or `weight gradient` of oneDNN's convolution; a transposed convolution
    /// runs forward as the data gradient of the convolution it is the adjoint of.
    public var role: String
    /// oneDNN's name for it, such as `brgconv:avx512_core_bf16_amx_bf16`.
    public var name: String
    /// Seconds in the kernel.
    public var seconds: Double
    /// Seconds in the reorders of its weights.
    public var reorderSeconds: Double
  }

  /// The name of the layer.
  public var name: String
  /// Seconds of the forward passes, kernels included.
  public var forwardSeconds: Double
  /// Seconds of the backward passes, kernels included.
  public var backwardSeconds: Double
  /// oneDNN's kernels in it.
  public var kernels: [Kernel]
}

extension Operation {
  /// Time since the clocks were set to zero.
  var time: OperationTime {
    var kernels = primitives.map {
      OperationTime.Kernel(
        role: $0.role, name: $0.kernel, seconds: $0.time / .seconds(1),
        reorderSeconds: $0.reorderTime / .seconds(1))
    }
    if let convolution = self as? ConvolutionOperation {
      kernels += [convolution.forwardKernel.own, convolution.dataKernel?.own].compactMap { $0 }.map {
        OperationTime.Kernel(
          role: $0.role, name: $0.name, seconds: $0.time / .seconds(1),
          reorderSeconds: $0.packTime / .seconds(1))
      }
    }
    if let weights = (self as? ConvolutionOperation)?.weightGradient, weights.primitive == nil {
      kernels.append(
        OperationTime.Kernel(
          role: "weight gradient", name: weights.ownName, seconds: weights.ownTime / .seconds(1),
          reorderSeconds: 0))
    }
    return OperationTime(
      name: name, forwardSeconds: forwardTime / .seconds(1), backwardSeconds: backwardTime / .seconds(1),
      kernels: kernels)
  }

  func resetTime() {
    (forwardTime, backwardTime) = (.zero, .zero)
    for primitive in primitives { (primitive.time, primitive.reorderTime) = (.zero, .zero) }
    guard let convolution = self as? ConvolutionOperation else { return }
    convolution.weightGradient?.ownTime = .zero
    for own in [convolution.forwardKernel.own, convolution.dataKernel?.own].compactMap({ $0 }) {
      (own.time, own.packTime) = (.zero, .zero)
    }
  }

  /// oneDNN's kernels, forward first.
  private var primitives: [ConvolutionPrimitive] {
    guard let convolution = self as? ConvolutionOperation else { return [] }
    return [
      convolution.forwardKernel.library?.primitive, convolution.dataKernel?.library?.primitive,
      convolution.weightGradient?.primitive,
    ].compactMap { $0 }
  }
}

extension Duration {
  /// Add the time that `body` takes.
  mutating func count<E: Error>(_ body: () throws(E) -> Void) throws(E) {
    let start = ContinuousClock.now
    try body()
    self += ContinuousClock.now - start
  }
}

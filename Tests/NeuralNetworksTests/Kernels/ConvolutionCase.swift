import NeuralNetworks
import Numerics
import Testing

/// A convolution in three axes whose kernel is looked at, behind a first one that makes its channels.
struct ConvolutionCase: CustomTestStringConvertible, Sendable {
  var batch = 1
  var inputs: Int
  var outputs: Int
  /// Of the image before it is up-sampled.
  var extents: SIMD3<Int>
  var doubles = false

  var testDescription: String {
    "\(batch)×\(inputs) to \(outputs) channels, \(extents)\(doubles ? ", up-sampled" : "")"
  }

  /// Of the network's input.
  var shape: [Int] { [batch, 1, extents[0], extents[1], extents[2]] }

  /// The network up to the convolution that is looked at.
  func layer(in net: inout Network) -> FeatureMap {
    var map = net.convolution(net.input(channels: 1), to: inputs, Convolution(kernel: 1), name: "first")
    if doubles { map = net.upsampling(map, Upsampling(.nearest, factor: 2)) }
    return net.convolution(map, to: outputs, Convolution(kernel: 3), name: "layer")
  }

  static func noise(_ count: Int, seed: UInt64, _ purpose: String) -> [Float] {
    var stream = RandomStream(seed: seed, purpose: purpose)
    return (0..<count).map { _ in stream.normal() }
  }

  /// First weights, with scales, shifts and biases that are not 1 and 0.
  static func weights(_ net: Network, seed: UInt64) -> Weights {
    var weights = net.initialWeights(seed: seed)
    for (parameter, range) in zip(net.table.parameters, net.table.ranges) where parameter.shape.count == 1 {
      for (i, value) in zip(range, noise(range.count, seed: seed - 1, parameter.name)) {
        weights.values[i] = 1 + 0.3 * abs(value)
      }
    }
    return weights
  }
}

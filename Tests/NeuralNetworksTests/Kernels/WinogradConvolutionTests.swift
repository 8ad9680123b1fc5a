import NeuralNetworks
import Numerics
import Testing

/// Convolutions in fewer multiplications (inference in f32) against the plain reference in double.
@Suite(.enabled(if: KernelLibrary.hasWideRegisters)) struct WinogradConvolutionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var batch = 1
    var inputs: Int
    var outputs: Int
    var extents: SIMD3<Int>
    var doubles = false

    var kernel: String { doubles ? "upsampled:f32" : "winograd:f32" }
    var testDescription: String { "\(batch)×\(inputs) to \(outputs) channels, \(extents), \(kernel)" }
    var shape: [Int] { [batch, 1, extents[0], extents[1], extents[2]] }

    /// The convolution that is looked at is one part of a concatenation, with bias, normalisation and activation.
    var network: Network {
      var net = Network(spatialAxes: 3)
      let image = net.input(channels: 1)
      var map = net.convolution(image, to: inputs, Convolution(kernel: 1), name: "first")
      if doubles { map = net.upsampling(map, Upsampling(.nearest, factor: 2)) }
      let layer = net.convolution(map, to: outputs, Convolution(kernel: 3), name: "layer")
      let normal = net.normalisation(layer, Normalisation(.batch(momentum: 0.1)), name: "norm")
      let active = net.activation(normal, .leakyReLU(slope: 0.1))
      let next = net.convolution(active, to: 16, Convolution(kernel: 1), name: "next")
      net.setOutputs([net.concatenation([active, next])])
      return net
    }
  }

  /// Sides that are no multiples of a tile, several strips of tiles, and every number of channel blocks up to four.
  static let cases = [
    Case(inputs: 16, outputs: 16, extents: [3, 13, 15]),
    Case(batch: 2, inputs: 32, outputs: 32, extents: [2, 16, 18]),
    Case(inputs: 48, outputs: 16, extents: [1, 41, 43]),
    Case(inputs: 64, outputs: 64, extents: [5, 14, 16]),
    Case(batch: 2, inputs: 16, outputs: 32, extents: [3, 2, 5], doubles: true),
    Case(inputs: 64, outputs: 16, extents: [5, 7, 9], doubles: true),
    Case(inputs: 256, outputs: 16, extents: [1, 1, 1], doubles: true),
  ]

  private func noise(_ count: Int, _ purpose: String) -> [Float] {
    var stream = RandomStream(seed: 41, purpose: purpose)
    return (0..<count).map { _ in stream.normal() }
  }

  private func weights(_ net: Network) -> Weights {
    var weights = net.initialWeights(seed: 42)
    for (parameter, range) in zip(net.table.parameters, net.table.ranges) where parameter.shape.count == 1 {
      for (i, value) in zip(range, noise(range.count, parameter.name)) {
        weights.values[i] = 1 + 0.3 * abs(value)
      }
    }
    return weights
  }

  private func run(_ c: Case, threads: Int) throws -> (outputs: [Float], kernels: [String]) {
    try Parallel.withThreads(threads) {
      let plan = try c.network.compile(inputShape: c.shape, mode: .inference, precision: .f32)
      try plan.load(weights(c.network))
      try plan.forward(noise(c.shape.reduce(1, *), "input"))
      return (Array(plan.outputs[0].values), plan.operationTimes.flatMap { $0.kernels.map(\.name) })
    }
  }

  @Test(arguments: cases) func `results are those of the plain sum`(c: Case) throws {
    let reference = ReferenceInterpreter(
      c.network, batch: c.batch, isTraining: false, values: weights(c.network).values.map(Double.init))
    let expected = reference(
      noise(c.shape.reduce(1, *), "input").map(Double.init), extents: Array(c.shape[2...]))[0]
    let found = try run(c, threads: 2)
    #expect(found.kernels.contains(c.kernel), "\(found.kernels)")
    let scale = expected.reduce(0) { max($0, abs($1)) }
    let error = zip(found.outputs, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) } / scale
    #expect(error < (c.doubles ? 3e-6 : 1e-5), "\(error)")
    #expect(found.outputs.count == expected.count && !found.outputs.contains { $0.isNaN })
    // Every output is computed the same way by whichever thread.
    for threads in [1, 3] {
      let other = try run(c, threads: threads)
      #expect((other.outputs == found.outputs) == true, "\(threads) threads")
    }
  }
}

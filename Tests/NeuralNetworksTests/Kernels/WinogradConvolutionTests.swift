import NeuralNetworks
import Numerics
import Testing

/// Convolutions in fewer multiplications (inference in f32) against the plain reference in double.
@Suite(.enabled(if: KernelLibrary.hasFusedProducts)) struct WinogradConvolutionTests {
  /// Sides that are no multiples of a tile, several strips of tiles, and every number of channel blocks up to four.
  static let cases = [
    ConvolutionCase(inputs: 16, outputs: 16, extents: [3, 13, 15]),
    ConvolutionCase(batch: 2, inputs: 32, outputs: 32, extents: [2, 16, 18]),
    ConvolutionCase(inputs: 48, outputs: 16, extents: [1, 41, 43]),
    ConvolutionCase(inputs: 64, outputs: 64, extents: [5, 14, 16]),
    ConvolutionCase(batch: 2, inputs: 16, outputs: 32, extents: [3, 2, 5], doubles: true),
    ConvolutionCase(inputs: 64, outputs: 16, extents: [5, 7, 9], doubles: true),
    ConvolutionCase(inputs: 256, outputs: 16, extents: [1, 1, 1], doubles: true),
  ]

  /// The convolution that is looked at is one part of a concatenation, with bias, normalisation and activation.
  private func network(_ c: ConvolutionCase) -> Network {
    var net = Network(spatialAxes: 3)
    let normal = net.normalisation(c.layer(in: &net), Normalisation(.batch(momentum: 0.1)), name: "norm")
    let active = net.activation(normal, .leakyReLU(slope: 0.1))
    let next = net.convolution(active, to: 16, Convolution(kernel: 1), name: "next")
    net.setOutputs([net.concatenation([active, next])])
    return net
  }

  private func input(_ c: ConvolutionCase) -> [Float] {
    ConvolutionCase.noise(c.shape.reduce(1, *), seed: 41, "input")
  }

  private func run(_ c: ConvolutionCase, threads: Int) throws -> (outputs: [Float], kernels: [String]) {
    try Parallel.withThreads(threads) {
      let net = network(c)
      let plan = try net.compile(inputShape: c.shape, mode: .inference, precision: .f32)
      try plan.load(ConvolutionCase.weights(net, seed: 42))
      try plan.forward(input(c))
      return (Array(plan.outputs[0].values), plan.operationTimes.flatMap { $0.kernels.map(\.name) })
    }
  }

  @Test(arguments: cases) func `results are those of the plain sum`(c: ConvolutionCase) throws {
    let net = network(c)
    let reference = ReferenceInterpreter(
      net, batch: c.batch, isTraining: false,
      values: ConvolutionCase.weights(net, seed: 42).values.map(Double.init))
    let expected = reference(input(c).map(Double.init), extents: Array(c.shape[2...]))[0]
    let found = try run(c, threads: 2)
    #expect(found.kernels.contains(c.doubles ? "upsampled:f32" : "winograd:f32"), "\(found.kernels)")
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

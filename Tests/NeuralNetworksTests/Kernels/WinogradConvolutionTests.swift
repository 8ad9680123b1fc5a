import COneDNN
import NeuralNetworks
import Numerics
import Testing

/// Convolutions in fewer multiplications against the plain reference in double.
@Suite(.enabled(if: KernelLibrary.hasFusedProducts)) struct WinogradConvolutionTests {
  /// Sides that are no multiples of a tile, several strips of tiles along every axis, and every number of channel blocks
  /// up to four.
  static let cases =
    [
      ConvolutionCase(inputs: 16, outputs: 16, extents: [3, 13, 15]),
      ConvolutionCase(batch: 2, inputs: 32, outputs: 32, extents: [6, 16, 18]),
      ConvolutionCase(inputs: 48, outputs: 16, extents: [4, 41, 43]),
      ConvolutionCase(inputs: 16, outputs: 48, extents: [10, 6, 134]),
      ConvolutionCase(inputs: 64, outputs: 64, extents: [5, 14, 16]),
      ConvolutionCase(batch: 2, inputs: 16, outputs: 32, extents: [3, 2, 5], doubles: true),
      ConvolutionCase(inputs: 64, outputs: 16, extents: [5, 7, 9], doubles: true),
      ConvolutionCase(inputs: 256, outputs: 16, extents: [1, 1, 1], doubles: true),
    ] + deep

  /// More weights than registers of 512 bits take it for.
  static let deep =
    nn_has_wide_registers() ? [] : [ConvolutionCase(inputs: 112, outputs: 96, extents: [3, 13, 15])]

  /// The convolution that is looked at is one part of a concatenation, with bias, normalisation and activation.
  private func network(_ c: ConvolutionCase) -> Network {
    var net = Network(spatialAxes: 3)
    let normal = net.normalisation(c.layer(in: &net), Normalisation(.batch(momentum: 0.1)), name: "norm")
    let active = net.activation(normal, .leakyReLU(slope: 0.1))
    let next = net.convolution(active, to: 16, Convolution(kernel: 1), name: "next")
    var outputs = [net.concatenation([active, next])]
    if c.isPooled { outputs.append(net.pooling(active, Pooling(.maximum, kernel: 2, stride: 2))) }
    net.setOutputs(outputs)
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
      return (
        plan.outputs.flatMap { Array($0.values) }, plan.operationTimes.flatMap { $0.kernels.map(\.name) }
      )
    }
  }

  @Test(arguments: cases) func `results are those of the plain sum`(c: ConvolutionCase) throws {
    let net = network(c)
    let reference = ReferenceInterpreter(
      net, batch: c.batch, isTraining: false,
      values: ConvolutionCase.weights(net, seed: 42).values.map(Double.init))
    let expected = reference(input(c).map(Double.init), extents: Array(c.shape[2...])).flatMap { $0 }
    let found = try run(c, threads: 2)
    #expect(found.kernels.contains(c.doubles ? "upsampled:f32" : "winograd:f32"), "\(found.kernels)")
    let scale = expected.reduce(0) { max($0, abs($1)) }
    let error = zip(found.outputs, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) } / scale
    #expect(error < (c.doubles ? 3e-6 : 3e-5), "\(error)")
    #expect(found.outputs.count == expected.count && !found.outputs.contains { $0.isNaN })
    // Every output is computed the same way by whichever thread.
    for threads in [1, 3] {
      let other = try run(c, threads: threads)
      #expect((other.outputs == found.outputs) == true, "\(threads) threads")
    }
  }

  /// In bf16 without tiles they serve training too: forward, and backward with the mirrored kernel.
  @Test(
    .enabled(if: KernelLibrary.hasBFloat16 && !KernelLibrary.hasTiles),
    arguments: cases.filter { !$0.doubles })
  func `training in bf16 has the outputs and gradients of f32 to its precision`(c: ConvolutionCase) throws {
    // Linear, so that nothing but rounding lies between the two.
    var net = Network(spatialAxes: 3)
    net.setOutputs([c.layer(in: &net)])
    var results: [(outputs: [Float], gradient: [Float])] = []
    for precision in [Plan.Precision.f32, .bf16] {
      var weights = ConvolutionCase.weights(net, seed: 42)
      let plan = try net.compile(inputShape: c.shape, mode: .training, precision: precision)
      try plan.forward(input(c), updating: &weights)
      for output in plan.outputGradients {
        for (i, value) in ConvolutionCase.noise(output.values.count, seed: 43, "slope").enumerated() {
          output.values[i] = value
        }
      }
      var gradient = [Float](repeating: .nan, count: net.trainableCount)
      try plan.backward(weights, into: &gradient)
      results.append((plan.outputs.flatMap { Array($0.values) }, gradient))
      let kernels = plan.operationTimes.first { $0.name == "layer" }?.kernels ?? []
      #expect(
        kernels.filter { $0.name == "winograd:f32" }.count == (precision == .bf16 ? 2 : 0), "\(kernels)")
    }
    func distance(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Float {
      let difference = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return (difference / max(1e-20, b.reduce(0) { $0 + $1 * $1 })).squareRoot()
    }
    #expect(distance(results[1].outputs[...], results[0].outputs[...]) < 0.01)
    for (parameter, range) in zip(net.table.parameters, net.table.ranges) {
      let error = distance(results[1].gradient[range], results[0].gradient[range])
      #expect(error < 0.01, "\(parameter.name): \(error)")
    }
  }
}

extension ConvolutionCase {
  /// Windows of 2³ fill the image.
  fileprivate var isPooled: Bool { !doubles && (0..<3).allSatisfy { extents[$0] % 2 == 0 } }
}

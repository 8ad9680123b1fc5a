import NeuralNetworks
import Numerics
import Testing

/// Convolutions of f32 images on AMX tiles, in three and in two terms of bf16, against the plain reference in double and
/// against oneDNN's f32.
@Suite(.enabled(if: KernelLibrary.hasTiles)) struct TileConvolutionTests {
  static let cases = [
    ConvolutionCase(inputs: 32, outputs: 16, extents: [3, 5, 7]),
    ConvolutionCase(batch: 2, inputs: 32, outputs: 32, extents: [4, 3, 17]),
    ConvolutionCase(inputs: 64, outputs: 16, extents: [5, 2, 4]),
    ConvolutionCase(batch: 2, inputs: 32, outputs: 16, extents: [3, 2, 5], doubles: true),
    // Weights larger than a cache: the image is copied as a whole.
    ConvolutionCase(batch: 2, inputs: 256, outputs: 128, extents: [3, 4, 2]),
    ConvolutionCase(inputs: 128, outputs: 96, extents: [2, 3, 2], doubles: true),
  ]

  private func noise(_ count: Int, _ purpose: String) -> [Float] {
    ConvolutionCase.noise(count, seed: 31, purpose)
  }

  private func network(_ c: ConvolutionCase) -> Network {
    var net = Network(spatialAxes: 3)
    net.setOutputs([c.layer(in: &net)])
    return net
  }

  /// Outputs, gradients of all parameters, and the kernels that ran.
  private func run(
    _ c: ConvolutionCase, _ precision: Plan.Precision
  ) throws -> (outputs: [Float], gradient: [Float], kernels: [String]) {
    let net = network(c)
    var weights = net.initialWeights(seed: 32)
    let plan = try net.compile(inputShape: c.shape, mode: .training, precision: precision)
    try plan.forward(noise(c.shape.reduce(1, *), "input"), updating: &weights)
    let slope = plan.outputGradients[0].values
    for (i, value) in noise(slope.count, "slope").enumerated() { slope[i] = value }
    var gradient = [Float](repeating: .nan, count: net.trainableCount)
    try plan.backward(weights, into: &gradient)
    return (Array(plan.outputs[0].values), gradient, plan.operationTimes.flatMap { $0.kernels.map(\.name) })
  }

  /// Largest difference relative to the largest value.
  private func error<T: BinaryFloatingPoint>(_ found: [Float], _ expected: [T]) -> Double {
    let scale = expected.reduce(0) { max($0, abs(Double($1))) }
    return zip(found, expected).reduce(0) {
      let difference = abs(Double($1.0) - Double($1.1))
      return difference.isNaN ? .infinity : max($0, difference)
    } / scale
  }

  @Test(arguments: cases) func `three terms are as good as f32, two give four digits`(c: ConvolutionCase)
    throws
  {
    let net = network(c)
    let reference = ReferenceInterpreter(
      net, batch: c.batch, isTraining: true, values: net.initialWeights(seed: 32).values.map(Double.init))
    let expected = reference(
      noise(c.shape.reduce(1, *), "input").map(Double.init), extents: Array(c.shape[2...]))[0]
    let native = try run(c, .f32)
    #expect(!native.kernels.contains { $0.hasPrefix("tiles") })
    for (precision, name, bound) in [
      (Plan.Precision.bf16x3, "tiles:amx_bf16x3", 3e-6), (.bf16x2, "tiles:amx_bf16x2", 5e-5),
    ] {
      let inference = try net.compile(inputShape: c.shape, mode: .inference, precision: precision)
      try inference.load(net.initialWeights(seed: 32))
      try inference.forward(noise(c.shape.reduce(1, *), "input"))
      #expect(error(Array(inference.outputs[0].values), expected) < bound, "inference in \(precision)")
      let found = try run(c, precision)
      #expect(found.kernels.contains(name))
      #expect(error(found.outputs, expected) < bound, "\(precision)")
      // The gradient of the first convolution went through the data gradient of the second.
      for (parameter, range) in zip(net.table.parameters, net.table.ranges) {
        #expect(
          error(Array(found.gradient[range]), Array(native.gradient[range])) < bound,
          "\(precision), \(parameter.name)")
      }
      let again = try run(c, precision)
      #expect(again.outputs == found.outputs && again.gradient == found.gradient, "the same bytes twice")
    }
  }

  @Test func `inference takes bias and activation along`() throws {
    let c = ConvolutionCase(inputs: 32, outputs: 32, extents: [4, 6, 9])
    var net = Network(spatialAxes: 3)
    let normal = net.normalisation(c.layer(in: &net), Normalisation(.batch(momentum: 0.1)), name: "norm")
    net.setOutputs([net.activation(normal, .leakyReLU(slope: 0.1))])
    let weights = ConvolutionCase.weights(net, seed: 33)
    var outputs: [[Float]] = []
    for precision in [Plan.Precision.f32, .bf16x3, .bf16x2] {
      let plan = try net.compile(inputShape: c.shape, mode: .inference, precision: precision)
      try plan.load(weights)
      try plan.forward(noise(216, "input"))
      outputs.append(Array(plan.outputs[0].values))
    }
    #expect(error(outputs[1], outputs[0]) < 3e-6)
    #expect(error(outputs[2], outputs[0]) < 5e-5)
  }

  @Test(arguments: [(16, 16), (32, 32)]) func `in bf16 a part of a wider image is written in place`(
    inputs: Int, outputs: Int
  ) throws {
    let c = ConvolutionCase(batch: 2, inputs: inputs, outputs: outputs, extents: [3, 5, 18])
    var net = Network(spatialAxes: 3)
    let layer = net.activation(c.layer(in: &net), .leakyReLU(slope: 0.1))
    let both = net.concatenation([layer, net.activation(layer, .sigmoid)])
    net.setOutputs([net.convolution(both, to: 16, Convolution(kernel: 1), name: "last")])
    let weights = ConvolutionCase.weights(net, seed: 34)
    let input = noise(c.shape.reduce(1, *), "input")
    let reference = ReferenceInterpreter(
      net, batch: c.batch, isTraining: false, values: weights.values.map(Double.init))
    let expected = reference(input.map(Double.init), extents: Array(c.shape[2...]))[0]
    let plan = try net.compile(inputShape: c.shape, mode: .inference, precision: .bf16)
    try plan.load(weights)
    try plan.forward(input)
    #expect(plan.operationTimes.flatMap { $0.kernels.map(\.name) }.contains("tiles:amx_bf16"))
    #expect(error(Array(plan.outputs[0].values), expected) < 0.01)
  }
}

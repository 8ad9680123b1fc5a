import NeuralNetworks
import Numerics
import Testing

/// Convolutions of images of two axes in fewer multiplications, against plain sums in double.
@Suite(.enabled(if: KernelLibrary.hasFusedProducts)) struct PlaneWinogradTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var batch: Int
    var inputs: Int
    var outputs: Int
    var height: Int
    var width: Int

    var testDescription: String { "\(batch)×\(inputs) to \(outputs) channels, \(height)×\(width)" }
  }

  /// Sides that are no multiples of a tile, images of one tile and of many, channels that fill half of the last block.
  static let cases = [
    Case(batch: 1, inputs: 16, outputs: 16, height: 4, width: 4),
    Case(batch: 5, inputs: 24, outputs: 24, height: 13, width: 30),
    Case(batch: 9, inputs: 48, outputs: 40, height: 5, width: 7),
    Case(batch: 37, inputs: 96, outputs: 96, height: 4, width: 4),
    Case(batch: 3, inputs: 192, outputs: 16, height: 9, width: 6),
  ]

  private func network(_ c: Case) -> Network {
    var net = Network(spatialAxes: 2)
    let map = net.convolution(
      net.input(channels: 3), to: c.inputs, Convolution(kernel: 1), name: "first")
    let layer = net.convolution(map, to: c.outputs, Convolution(kernel: 3), name: "layer")
    net.setOutputs([net.activation(layer, .leakyReLU(slope: 0.1)), map])
    return net
  }

  private func run(_ c: Case, threads: Int) throws -> (outputs: [Float], map: [Float], kernels: [String]) {
    try Parallel.withThreads(threads) {
      let net = network(c)
      let plan = try net.compile(
        inputShape: [c.batch, 3, c.height, c.width], mode: .inference, precision: .f32)
      try plan.load(ConvolutionCase.weights(net, seed: 52))
      try plan.forward(ConvolutionCase.noise(c.batch * 3 * c.height * c.width, seed: 53, "input"))
      return (
        Array(plan.outputs[0].values), Array(plan.outputs[1].values),
        plan.operationTimes.flatMap { $0.kernels.map(\.name) }
      )
    }
  }

  @Test(arguments: cases) func `results are those of the plain sum`(c: Case) throws {
    let found = try run(c, threads: 2)
    #expect(found.kernels.contains("plane winograd:f32"), "\(found.kernels)")
    let net = network(c)
    let weights = ConvolutionCase.weights(net, seed: 52)
    let kernel = weights.values[try #require(net.table.range(of: "layer.weight"))].map(Double.init)
    let bias = weights.values[try #require(net.table.range(of: "layer.bias"))].map(Double.init)
    let (area, x) = (c.height * c.width, found.map.map(Double.init))
    var (largest, error) = (0.0, 0.0)
    for n in 0..<c.batch {
      for k in 0..<c.outputs {
        for h in 0..<c.height {
          for w in 0..<c.width {
            var sum = bias[k]
            for tap in 0..<9 {
              let (y, z) = (h + tap / 3 - 1, w + tap % 3 - 1)
              guard (0..<c.height).contains(y), (0..<c.width).contains(z) else { continue }
              for channel in 0..<c.inputs {
                sum +=
                  kernel[(k * c.inputs + channel) * 9 + tap]
                  * x[(n * c.inputs + channel) * area + y * c.width + z]
              }
            }
            let expected = sum < 0 ? 0.1 * sum : sum
            largest = max(largest, abs(expected))
            error = max(
              error, abs(Double(found.outputs[(n * c.outputs + k) * area + h * c.width + w]) - expected))
          }
        }
      }
    }
    #expect(error < 3e-5 * largest, "\(error / largest)")
    // Every output is computed the same way by whichever thread.
    for threads in [1, 3] { #expect((try run(c, threads: threads).outputs == found.outputs) == true) }
  }

  @Test func `what the kernel is not made for is computed by the library`() throws {
    var net = Network(spatialAxes: 2)
    let map = net.convolution(net.input(channels: 3), to: 16, Convolution(kernel: 1), name: "first")
    let strided = net.convolution(map, to: 16, Convolution(kernel: 3, stride: 2), name: "strided")
    let odd = net.convolution(map, to: 20, Convolution(kernel: 3), name: "odd")
    let grouped = net.convolution(map, to: 16, Convolution(kernel: 3, groups: 16), name: "grouped")
    net.setOutputs([strided, odd, grouped])
    let plan = try net.compile(inputShape: [1, 3, 8, 8], mode: .inference, precision: .f32)
    #expect(!plan.operationTimes.flatMap(\.kernels).map(\.name).contains("plane winograd:f32"))
  }
}

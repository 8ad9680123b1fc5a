import NeuralNetworks
import Testing

@Suite struct NetworkTests {
  /// The convolution block of DS6: 3³ convolution, batch normalisation, ReLU, twice.
  private func convBlock(_ net: inout Network, _ x: FeatureMap, to channels: Int, name: String) -> FeatureMap
  {
    var map = x
    for index in 0..<2 {
      map = net.convolution(map, to: channels, Convolution(kernel: 3), name: "\(name).conv\(index)")
      map = net.normalisation(map, Normalisation(.batch(momentum: 0.1)), name: "\(name).norm\(index)")
      map = net.activation(map, .relu)
    }
    return map
  }

  @Test func `a ConvBlock from 1 to 64 channels has 112,704 trainable parameters`() {
    var net = Network(spatialAxes: 3)
    let x = net.input(channels: 1)
    net.setOutputs([convBlock(&net, x, to: 64, name: "1")])
    #expect(net.trainableCount == 112_704)
    #expect(net.table.count == 112_704 + 4 * 64)
  }

  @Test func `first values depend on seed and name, not on the order of definition`() throws {
    var first = Network(spatialAxes: 2)
    var second = Network(spatialAxes: 2)
    let (a, b) = (first.input(channels: 4), second.input(channels: 4))
    _ = first.dense(a, to: 3, name: "one")
    _ = first.dense(a, to: 5, name: "two")
    _ = second.dense(b, to: 5, name: "two")
    _ = second.dense(b, to: 3, name: "one")
    let (u, v) = (first.initialWeights(seed: 7), second.initialWeights(seed: 7))
    #expect(u.tensor("one.weight") == v.tensor("one.weight"))
    #expect(u.tensor("two.weight") == v.tensor("two.weight"))
    #expect(u.tensor("one.weight") != first.initialWeights(seed: 8).tensor("one.weight"))
    let values = try #require(u.tensor("two.weight"))
    #expect(values.allSatisfy { abs($0) <= 0.5 } && values.contains { abs($0) > 0.1 })
  }

  @Test func `statistics lie behind the trainable parameters`() {
    var net = Network(spatialAxes: 3)
    let x = net.input(channels: 2)
    let y = net.normalisation(x, Normalisation(.batch(momentum: 0.1)), name: "norm")
    net.setOutputs([net.convolution(y, to: 3, Convolution(kernel: 1), name: "head")])
    let table = net.table
    #expect(table.parameters.map(\.name).suffix(2) == ["norm.running_mean", "norm.running_var"])
    #expect(table.trainableCount == 2 + 2 + 2 * 3 + 3)
    #expect(table.range(of: "norm.running_mean") == table.trainableCount..<table.trainableCount + 2)
    let variance = net.initialWeights(seed: 1).tensor("norm.running_var")
    #expect(variance.map(Array.init) == [1, 1])
  }

  @Test func `setting an unknown or wrongly sized parameter is refused by name`() {
    var net = Network(spatialAxes: 3)
    let x = net.input(channels: 2)
    net.setOutputs([net.convolution(x, to: 3, Convolution(kernel: 1), name: "head")])
    var weights = net.initialWeights(seed: 1)
    #expect(throws: NeuralNetworkError.self) { try weights.set("tail.bias", to: [0, 0, 0]) }
    #expect(
      throws: NeuralNetworkError.parameterMismatch(name: "head.bias", expected: "3 values", found: "2")
    ) { try weights.set("head.bias", to: [0, 0]) }
  }
}

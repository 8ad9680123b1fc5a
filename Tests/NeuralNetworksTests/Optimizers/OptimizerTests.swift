import Foundation
import NeuralNetworks
import Numerics
import Testing

@Suite("Optimisers")
struct OptimizerTests {
  /// The network whose parameters the golden file holds.
  static let table: ParameterTable = {
    var network = Network(spatialAxes: 2)
    var x = network.convolution(network.input(channels: 2), to: 7, Convolution(kernel: 3), name: "conv")
    x = network.normalisation(x, Normalisation(.instance), name: "norm")
    x = network.globalAveragePooling(x)
    network.setOutputs([network.dense(x, to: 5, name: "head")])
    return network.table
  }()

  private func weights(_ group: String, in file: SafeTensors) throws -> Weights {
    var weights = Weights(zerosFor: Self.table)
    for parameter in Self.table.parameters {
      let tensor = try #require(file.tensors["\(group)/\(parameter.name)"])
      try weights.set(parameter.name, to: try #require(tensor.floats))
    }
    return weights
  }

  @Test(
    "Five steps equal torch.optim's",
    arguments: [
      ("adam", OptimizerAlgorithm.adam(Adam())),
      ("adamw", .adam(Adam(beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1))),
      ("sgd", .sgd(SGD(momentum: 0.9, nesterov: false, weightDecay: 0.01))),
      ("nesterov", .sgd(SGD(momentum: 0.9, weightDecay: 0.01))),
      ("muon", .muon(Muon(weightDecay: 0.1, excluded: ["head.weight"]))),
    ])
  func goldenSteps(name: String, algorithm: OptimizerAlgorithm) throws {
    let file = try SafeTensors(contentsOf: goldenURL("optimizers.safetensors"))
    var current = try weights("start", in: file)
    var optimizer = Optimizer(algorithm, for: Self.table)
    for step in 0..<5 {
      let gradient = try weights("gradient\(step)", in: file).values
      optimizer.step(&current, gradient: gradient, learningRate: 0.02)
      let expected = try weights("\(name)\(step)", in: file)
      #expect(relativeError(current.values, expected.values) < 2e-6, "step \(step)")
    }
  }

  @Test("Newton and Schulz orthogonalise a tall matrix as torch does")
  func tallMatrix() throws {
    let file = try SafeTensors(contentsOf: goldenURL("optimizers.safetensors"))
    var network = Network(spatialAxes: 2)
    let x = network.globalAveragePooling(network.input(channels: 4))
    network.setOutputs([network.dense(x, to: 9, name: "tall")])
    var weights = Weights(zerosFor: network.table)
    var optimizer = Optimizer(.muon(Muon(momentum: 0)), for: network.table)
    let gradient = try #require(file.tensors["tall"]?.floats) + [Float](repeating: 0, count: 9)
    optimizer.step(&weights, gradient: gradient, learningRate: 1)
    let expected = try #require(file.tensors["tall orthogonal"]?.floats).map { -1.5 * $0 }  // √(9/4)
    #expect(relativeError(try #require(weights.tensor("tall.weight")), expected) < 1e-5)
  }

  @Test("A scaled gradient is the same as a gradient of that size")
  func gradientScale() throws {
    let file = try SafeTensors(contentsOf: goldenURL("optimizers.safetensors"))
    let gradient = try weights("gradient1", in: file).values
    for algorithm in [OptimizerAlgorithm.adam(Adam()), .sgd(SGD()), .muon(Muon())] {
      var (first, second) = (try weights("start", in: file), try weights("start", in: file))
      var (a, b) = (Optimizer(algorithm, for: Self.table), Optimizer(algorithm, for: Self.table))
      a.step(&first, gradient: gradient, learningRate: 0.1, gradientScale: 0.25)
      b.step(&second, gradient: gradient.map { $0 * 0.25 }, learningRate: 0.1)
      #expect(first == second && a.state == b.state)
    }
  }

  @Test("The gradient's norm equals torch's, and clipping brings it to the limit")
  func norm() throws {
    let file = try SafeTensors(contentsOf: goldenURL("optimizers.safetensors"))
    let expected = try #require(file.metadata["norm"].flatMap(Double.init))
    let norm = GradientClipping.norm(try weights("gradient4", in: file).values)
    #expect(abs(norm - expected) < 1e-5 * expected)
    #expect(abs(norm * GradientClipping.scale(norm: norm, limit: 2) - 2) < 1e-5)
    #expect(GradientClipping.scale(norm: 0.5, limit: 2) == 1)
    #expect(GradientClipping.norm([1, .nan]).isNaN)
  }

  @Test("The average follows its recursion and includes statistics")
  func average() {
    var network = Network(spatialAxes: 2)
    network.setOutputs([
      network.normalisation(network.input(channels: 20), Normalisation(.batch(momentum: 0.1)), name: "n")
    ])
    var weights = network.initialWeights(seed: 1)
    var average = WeightAverage(weights, decay: 0.999)
    var expected = weights.values.map(Double.init)
    for step in 1...4 {
      for i in weights.values.indices { weights.values[i] += Float(i % 7) * 0.1 }
      average.update(with: weights)
      let decay = min(0.999, Double(1 + step) / Double(10 + step))
      for i in expected.indices {
        expected[i] = decay * expected[i] + (1 - decay) * Double(weights.values[i])
      }
    }
    #expect(relativeError(average.weights.values, expected.map { Float($0) }) < 1e-6)
  }
}

import Foundation
import NeuralNetworks
import Testing

/// Results of PyTorch in double precision (Golden/networks.py), sampled at even strides.
struct NetworkGolden: Decodable {
  let name: String
  let shape: [Int]
  let losses: [Double]
  let output: [Double]
  let gradients: [String: [Double]]
  let norms: [String: Double]
  let parameters: [String: [Double]]
  let statistics: [String: [Double]]
  let inference: [Double]
  let deviation: Double

  var network: Network {
    if name == "attention U-Net" { return UNet3D.attention(width: 8).network() }
    if name == "attention U-Net of three levels" {
      return UNet3D(width: 4, levels: 3, skip: .attention).network()
    }
    var design = EfficientNet.b1(classes: 12)
    design.dropout = 0
    design.stochasticDepth = 0
    return design.network()
  }

  /// Weights as the script makes them.
  func weights(_ network: Network) throws -> Weights {
    var weights = network.initialWeights(seed: 0)
    for parameter in network.parameters {
      let noise = hashNoise(parameter.name, parameter.count)
      if parameter.shape.count > 1 {
        let scale = (3 / Float(parameter.count / parameter.shape[0])).squareRoot()
        try weights.set(parameter.name, to: noise.map { $0 * scale })
      } else {
        let isScale = parameter.name.hasSuffix(".weight") || parameter.name.hasSuffix(".running_var")
        let offset: Float = isScale ? 1 : 0
        try weights.set(parameter.name, to: noise.map { $0 * 0.25 + offset })
      }
    }
    return weights
  }

  /// The value of the script's loss; its derivatives go to the plan.
  func loss(_ plan: Plan) -> Double {
    if name.hasPrefix("attention U-Net") {
      return plan.apply(
        MeanSquaredErrorLoss(), to: 0, target: hashNoise("target", plan.outputs[0].values.count))
    }
    let classes = plan.outputs[0].shape[1]
    let target = (0..<shape[0]).flatMap { sample in
      (0..<classes).map { $0 == sample * 5 % classes ? Float(1) : 0 }
    }
    return plan.apply(CrossEntropyLoss(labelSmoothing: 0.1), to: 0, target: target)
  }
}

@Suite("Networks against PyTorch")
struct NetworkGoldenTests {
  /// ‖found − expected‖ / ‖expected‖ over samples taken at the script's stride, of `requested` ones.
  private func error(_ values: some Collection<Float>, _ samples: [Double], requested: Int) -> Double {
    let values = Array(values)
    let step = max(1, values.count / requested)
    var (difference, norm) = (0.0, 0.0)
    for (index, expected) in samples.enumerated() {
      let found = Double(values[index * step])
      difference += (found - expected) * (found - expected)
      norm += expected * expected
    }
    return (difference / norm).squareRoot()
  }

  @Test("Inference, outputs, gradients and three Adam steps equal PyTorch's", arguments: 0..<3)
  func equalsPyTorch(index: Int) throws {
    let golden = try golden("networks.json", as: [NetworkGolden].self)[index]
    let network = golden.network
    // Where a rounding error takes a ReLU across its kink the gradient jumps: PyTorch's own gradients in single precision
    // lie `deviation` from the exact ones, and later steps follow other paths.
    let isSteady = golden.deviation < 1e-4
    let tolerance = isSteady ? 1e-4 : 2 * golden.deviation
    // The bias of a convolution before a batch normalisation has no influence: its gradient is rounding noise.
    let largest = golden.norms.values.max() ?? 0
    let idle = Set(golden.norms.filter { $0.value < 1e-6 * largest }.keys)
    let input = hashNoise("input", golden.shape.reduce(1, *))
    let weights = try golden.weights(network)
    let plan = try network.compile(inputShape: golden.shape, mode: .inference, precision: .f32)
    try plan.load(weights)
    try plan.forward(input)
    #expect(error(plan.outputs[0].values, golden.inference, requested: 48) < 1e-4)

    var settings = Trainer.Settings(learningRate: 1e-3, steps: 3)
    settings.gradientLimit = nil
    let trainer = try Trainer(
      network, inputShape: golden.shape, precision: .f32, settings: settings, seed: 0)
    trainer.start(from: weights)
    #expect(Set(golden.norms.keys) == Set(network.parameters.filter { $0.role == .trainable }.map(\.name)))
    for step in 0..<(isSteady ? 3 : 1) {
      var output: [Float] = []
      let report = try trainer.step([input]) { plans in
        output = Array(plans[0].outputs[0].values)
        return [Trainer.Term("loss", golden.loss(plans[0]))]
      }
      #expect(
        abs(report.loss / golden.losses[step] - 1) < 1e-4 * (step > 0 ? laterSteps : 1),
        "loss of step \(step)")
      guard step == 0 else { continue }
      #expect(error(output, golden.output, requested: 48) < 1e-4)
      for (name, samples) in golden.statistics {
        let values = try #require(trainer.weights.tensor(name))
        #expect(error(values, samples, requested: 2) < 1e-4, "\(name)")
      }
      for (parameter, range) in zip(network.table.parameters, network.table.ranges)
      where parameter.role == .trainable && !idle.contains(parameter.name) {
        let slope = trainer.gradient[range]
        let samples = try #require(golden.gradients[parameter.name])
        let norm = slope.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        let expected = try #require(golden.norms[parameter.name])
        #expect(abs(norm / expected - 1) < tolerance, "norm of \(parameter.name)")
        // Six samples may all be small: the error counts against the typical entry.
        let typical = expected / Double(range.count).squareRoot()
        let worst =
          samples.enumerated().map { index, sample in
            let step = max(1, range.count / 6)
            return abs(Double(slope[range.lowerBound + index * step]) - sample)
          }.max() ?? 0
        #expect(
          worst < tolerance * max(typical, samples.map(abs).max() ?? 0), "gradient of \(parameter.name)")
      }
    }
    for (name, samples) in golden.parameters where isSteady && !idle.contains(name) {
      let values = try #require(trainer.weights.tensor(name))
      #expect(
        error(values, samples, requested: 6) < tolerance * laterSteps, "\(name) after three steps")
    }
  }
}

import NeuralNetworks
import Numerics
import Testing

@Suite struct OperationTests {
  private func weights(_ net: Network) -> Weights {
    var weights = net.initialWeights(seed: 11)
    var stream = RandomStream(seed: 12, purpose: "vectors")
    for (parameter, range) in zip(net.table.parameters, net.table.ranges) {
      guard parameter.shape.count == 1 else { continue }
      for i in range {
        weights.values[i] =
          parameter.name.hasSuffix("running_var") ? stream.uniform(0.5...1.5) : stream.uniform(-0.5...0.5)
      }
      if parameter.name.hasSuffix("n.weight") { for i in range { weights.values[i] += 1 } }
    }
    return weights
  }

  private func input(_ shape: [Int]) -> [Float] {
    var stream = RandomStream(seed: 13, purpose: "input")
    return (0..<shape.reduce(1, *)).map { _ in stream.normal() }
  }

  /// Largest difference relative to the largest value.
  private func error(_ found: some Collection<Float>, _ expected: [Double]) -> Double {
    let scale = max(1e-6, expected.reduce(0) { max($0, abs($1)) })
    return zip(found, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) } / scale
  }

  @Test(arguments: OperationCase.all, [Plan.Mode.training, .inference])
  func `forward equals the plain reference`(operation: OperationCase, mode: Plan.Mode) throws {
    let net = operation.network
    var weights = weights(net)
    let x = input(operation.inputShape)
    let reference = ReferenceInterpreter(
      net, batch: operation.batch, isTraining: mode == .training, values: weights.values.map(Double.init))
    let expected = reference(x.map(Double.init), extents: operation.extents)
    let plan = try net.compile(inputShape: operation.inputShape, mode: mode, precision: .f32)
    if mode == .training {
      try plan.forward(x, updating: &weights)
    } else {
      try plan.load(weights)
      try plan.forward(x)
    }
    for (output, values) in zip(plan.outputs, expected) {
      #expect(output.values.count == values.count)
      // f32 sums of at most some thousand products.
      #expect(error(output.values, values) < 2e-5)
    }
  }

  @Test(arguments: OperationCase.all)
  func `gradients equal finite differences of the reference in double`(operation: OperationCase) throws {
    let net = operation.network
    var weights = weights(net)
    let start = weights.values.map(Double.init)
    let x = input(operation.inputShape)
    let plan = try net.compile(inputShape: operation.inputShape, mode: .training, precision: .f32)
    try plan.forward(x, updating: &weights)
    // The loss is a fixed random combination of the outputs.
    var stream = RandomStream(seed: 14, purpose: "loss")
    let factors = plan.outputs.map { output in output.values.map { _ in stream.normal() } }
    for (gradient, factor) in zip(plan.outputGradients, factors) {
      for i in factor.indices { gradient.values[i] = factor[i] }
    }
    var gradient = [Float](repeating: .nan, count: net.trainableCount)
    try plan.backward(weights, into: &gradient)

    func loss(_ values: [Double]) -> Double {
      let reference = ReferenceInterpreter(net, batch: operation.batch, isTraining: true, values: values)
      let outputs = reference(x.map(Double.init), extents: operation.extents)
      return zip(outputs, factors).reduce(0) { sum, pair in
        sum + zip(pair.0, pair.1).reduce(0) { $0 + $1.0 * Double($1.1) }
      }
    }
    for (parameter, range) in zip(net.table.parameters, net.table.ranges) where parameter.role == .trainable {
      let direction = range.map { _ in Double(stream.normal()) }
      func moved(_ step: Double) -> [Double] {
        var values = start
        for (i, d) in zip(range, direction) { values[i] += step * d }
        return values
      }
      // Small enough that hardly a value crosses a kink, large enough for double.
      let step = 1e-6
      let expected = (loss(moved(step)) - loss(moved(-step))) / (2 * step)
      let found = zip(range, direction).reduce(0) { $0 + Double(gradient[$1.0]) * $1.1 }
      let scale = zip(range, direction).reduce(0) { $0 + abs(Double(gradient[$1.0]) * $1.1) }
      #expect(abs(found - expected) < 1e-4 * max(scale, abs(expected)) + 5e-4, "\(parameter.name)")
    }
  }

  @Test(.enabled(if: KernelLibrary.hasBFloat16), arguments: OperationCase.all)
  func `bf16 gives the outputs and gradients of f32 to its precision`(operation: OperationCase) throws {
    let net = operation.network
    let x = input(operation.inputShape)
    var results: [(outputs: [Float], gradient: [Float])] = []
    for precision in [Plan.Precision.f32, .bf16] {
      var weights = weights(net)
      let plan = try net.compile(inputShape: operation.inputShape, mode: .training, precision: precision)
      #expect(plan.precision == precision)
      try plan.forward(x, updating: &weights)
      var stream = RandomStream(seed: 14, purpose: "loss")
      for output in plan.outputGradients {
        for i in output.values.indices { output.values[i] = stream.normal() }
      }
      var gradient = [Float](repeating: .nan, count: net.trainableCount)
      try plan.backward(weights, into: &gradient)
      results.append((plan.outputs.flatMap { Array($0.values) }, gradient))
    }
    func distance(_ a: [Float], _ b: [Float]) -> Double {
      let difference = zip(a, b).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
      return (difference / b.reduce(1e-12) { $0 + Double($1) * Double($1) }).squareRoot()
    }
    // Eight bits of precision, some roundings in a row; signs of ReLU and winners of a maximum may flip.
    #expect(distance(results[1].outputs, results[0].outputs) < 0.02)
    #expect(distance(results[1].gradient, results[0].gradient) < 0.1)
  }

  @Test func `accumulating adds the gradient to what is there`() throws {
    for operation in [OperationCase.convolutions[0], .convolutions[11], .normalisations[0]] {
      let net = operation.network
      var weights = weights(net)
      let plan = try net.compile(inputShape: operation.inputShape, mode: .training, precision: .f32)
      func step(_ gradient: inout [Float], accumulating: Bool) throws {
        try plan.forward(input(operation.inputShape), updating: &weights)
        for i in plan.outputGradients[0].values.indices {
          plan.outputGradients[0].values[i] = Float(i % 7) - 3
        }
        try plan.backward(weights, into: &gradient, accumulating: accumulating)
      }
      var once = [Float](repeating: 5, count: net.trainableCount)
      try step(&once, accumulating: false)
      var twice = once
      try step(&twice, accumulating: true)
      let doubles = zip(once, twice).allSatisfy { abs($1 - 2 * $0) <= 1e-5 * (1 + abs($0)) }
      #expect(doubles, "\(operation.name)")
    }
  }
}

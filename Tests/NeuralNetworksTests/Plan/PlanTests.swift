import NeuralNetworks
import Numerics
import Testing

@Suite struct PlanTests {
  @Test func `a side that is not divisible by 16 is refused with the divisor`() {
    let net = smallUNet(width: 4)
    let error = #expect(throws: NeuralNetworkError.self) {
      try net.compile(inputShape: [1, 1, 40, 48, 64], mode: .inference, precision: .f32)
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("divisible by 16"), "\(text)")
  }

  @Test(arguments: [[1, 1, 64, 64], [1, 2, 32, 32, 32], [0, 1, 32, 32, 32], [1, 1, 32, 32, -32]])
  func `an input of the wrong rank, channels or size is refused`(shape: [Int]) {
    #expect(throws: NeuralNetworkError.self) {
      try smallUNet(width: 4).compile(inputShape: shape, mode: .training, precision: .f32)
    }
  }

  @Test func `a plan that cannot fit names the memory it would need`() {
    let error = #expect(throws: NeuralNetworkError.self) {
      try smallUNet(width: 16).compile(inputShape: [64, 1, 256, 256, 256], mode: .training, precision: .f32)
    }
    guard case .memory(let needed, let available)? = error else {
      Issue.record("expected a memory error")
      return
    }
    #expect(needed > available && needed > 1 << 38)
  }

  @Test func `values of the wrong number, mode or network are refused`() throws {
    let net = smallUNet(width: 4)
    var weights = net.initialWeights(seed: 1)
    let training = try net.compile(inputShape: [1, 1, 32, 32, 32], mode: .training, precision: .f32)
    let inference = try net.compile(inputShape: [1, 1, 32, 32, 32], mode: .inference, precision: .f32)
    let input = [Float](repeating: 0, count: 32 * 32 * 32)
    var gradient = [Float](repeating: 0, count: net.trainableCount)
    var short = [Float](repeating: 0, count: 7)
    var others = smallUNet(width: 8).initialWeights(seed: 1)
    #expect(throws: NeuralNetworkError.inputCount(expected: 32_768, found: 5)) {
      try training.forward([1, 2, 3, 4, 5], updating: &weights)
    }
    #expect(throws: NeuralNetworkError.self) { try training.forward(input, updating: &others) }
    #expect(throws: NeuralNetworkError.self) { try training.load(weights) }
    #expect(throws: NeuralNetworkError.self) { try inference.forward(input) }
    #expect(throws: NeuralNetworkError.self) { try inference.forward(input, updating: &weights) }
    #expect(throws: NeuralNetworkError.self) { try inference.backward(weights, into: &gradient) }
    #expect(throws: NeuralNetworkError.self) { try training.backward(weights, into: &short) }
    // Nothing to go back from.
    #expect(throws: NeuralNetworkError.self) { try training.backward(weights, into: &gradient) }
  }

  @Test(arguments: [Plan.Precision.f32, .bf16])
  func `twenty steps give the same bytes every time`(precision: Plan.Precision) throws {
    func train() throws -> [Float] {
      let net = smallUNet(width: 4, levels: 3)
      var weights = net.initialWeights(seed: 5)
      let plan = try net.compile(inputShape: [2, 1, 16, 16, 16], mode: .training, precision: precision)
      var gradient = [Float](repeating: 0, count: net.trainableCount)
      for step in 0..<20 {
        try plan.forward(hashNoise("input\(step)", 2 * 4096), updating: &weights)
        for (output, slope) in zip(plan.outputs, plan.outputGradients) {
          for i in output.values.indices { slope.values[i] = output.values[i] / Float(output.values.count) }
        }
        try plan.backward(weights, into: &gradient)
        for i in gradient.indices { weights.values[i] -= 0.05 * gradient[i] }
      }
      return weights.values
    }
    let (first, second) = (try train(), try train())
    let same = zip(first, second).allSatisfy { $0.bitPattern == $1.bitPattern }
    #expect(same)
    let finite = first.allSatisfy { $0.isFinite }
    #expect(finite)
  }

  @Test func `dropout zeroes its share, keeps the mean, and repeats for the same noise`() throws {
    var net = Network(spatialAxes: 2)
    let x = net.input(channels: 1)
    let wide = net.convolution(x, to: 16, Convolution(kernel: 1, bias: false), name: "c")
    net.setOutputs([net.dropout(wide, probability: 0.25), net.stochasticDepth(wide, probability: 0.5)])
    var weights = net.initialWeights(seed: 1)
    try weights.set("c.weight", to: [Float](repeating: 1, count: 16))
    let plan = try net.compile(inputShape: [32, 1, 16, 16], mode: .training, precision: .f32)
    let input = [Float](repeating: 1, count: 32 * 256)
    func run(_ seed: UInt64) throws -> [[Float]] {
      try plan.forward(input, updating: &weights, noise: RandomStream(seed: seed, purpose: "noise"))
      return plan.outputs.map { Array($0.values) }
    }
    let (first, again, other) = (try run(1), try run(1), try run(2))
    #expect(first == again)
    #expect(first != other)
    let zeros = first[0].count { $0 == 0 }
    let share = Double(zeros) / Double(first[0].count)
    #expect(abs(share - 0.25) < 0.01)
    let survivors = first[0].allSatisfy { $0 == 0 || abs($0 - 4 / 3) < 1e-6 }
    #expect(survivors)
    let perSample = stride(from: 0, to: first[1].count, by: 16 * 256).map {
      Set(first[1][$0..<$0 + 16 * 256])
    }
    let whole = perSample.allSatisfy { $0 == [0] || $0 == [2] }
    #expect(whole)
    #expect(Set(perSample).count == 2)
  }
}

import Foundation
import NeuralNetworks
import Numerics
import Testing

/// Results of PyTorch in double precision (Golden/unet_mss.py).
struct UNetGolden: Decodable, CustomTestStringConvertible {
  let width: Int
  let side: Int
  let slope: Float
  let batch: Int
  let losses: [Double]
  let outputs: [[Double]]
  let gradients: [String: [Double]]
  let norms: [String: Double]
  let parameters: [String: [Double]]
  let means: [String: [Double]]
  let inference: [[Double]]
  /// The largest errors of PyTorch's own single precision.
  let single: [String: Double]

  /// What rounding allows: 1e-4, or three times PyTorch's own error where signs of ReLU flip.
  func tolerance(_ key: String) -> Double { max(1e-4, 3 * (single[key] ?? 0)) }

  static let all = Result { try golden("unet_mss.json", as: [UNetGolden].self) }
  var testDescription: String { "width \(width), side \(side), batch \(batch), slope \(slope)" }

  var network: Network { smallUNet(width: width, activation: slope == 0 ? .relu : .leakyReLU(slope: slope)) }
  var input: [Float] { hashNoise("input", batch * side * side * side) }

  func weights(_ net: Network) throws -> Weights {
    var weights = net.initialWeights(seed: 0)
    for parameter in net.parameters where parameter.role == .trainable {
      let noise = hashNoise(parameter.name, parameter.count)
      if parameter.shape.count > 1 {
        let scale = Float((3.0 / Double(parameter.count / parameter.shape[0])).squareRoot())
        try weights.set(parameter.name, to: noise.map { $0 * scale })
      } else {
        let isScale = parameter.name.hasSuffix(".weight")
        try weights.set(parameter.name, to: noise.map { $0 * 0.25 + (isScale ? 1 : 0) })
      }
    }
    return weights
  }
}

@Suite struct UNetGoldenTests {
  /// A convolution's bias before a batch normalisation has gradient zero; PyTorch returns rounding noise.
  private func isIdle(_ name: String) -> Bool {
    name.hasSuffix(".bias") && !name.hasPrefix("head")
      && (name.hasSuffix(".0.bias") || name.hasSuffix(".3.bias")
        || (name.hasPrefix("up") && name.hasSuffix(".1.bias")))
  }

  @Test(arguments: 0..<3, KernelLibrary.hasTiles ? [Plan.Precision.f32, .bf16x3] : [.f32])
  func `outputs, gradients, three Adam steps and inference equal PyTorch's`(
    index: Int, precision: Plan.Precision
  ) throws {
    let golden = try UNetGolden.all.get()[index]
    let net = golden.network
    var weights = try golden.weights(net)
    let shape = [golden.batch, 1, golden.side, golden.side, golden.side]
    let plan = try net.compile(inputShape: shape, mode: .training, precision: precision)
    var gradient = [Float](repeating: .nan, count: net.trainableCount)
    var adam = PlainAdam(count: net.trainableCount)
    for step in 0..<3 {
      try plan.forward(golden.input, updating: &weights)
      var loss = 0.0
      for (number, output) in plan.outputs.enumerated() {
        let target = hashNoise("target\(number)", output.values.count)
        let count = Double(output.values.count)
        for i in target.indices {
          let difference = Double(output.values[i]) - Double(target[i])
          loss += difference * difference / count
          plan.outputGradients[number].values[i] = Float(2 * difference / count)
        }
      }
      #expect(
        abs(loss / golden.losses[step] - 1) < golden.tolerance("losses") * (step > 0 ? laterSteps : 1))
      try plan.backward(weights, into: &gradient)
      if step == 0 {
        for (output, samples) in zip(plan.outputs, golden.outputs) {
          #expect(relativeError(output.values, samples: samples) < golden.tolerance("outputs"))
        }
        for parameter in net.parameters where parameter.role == .trainable {
          let range = try #require(net.table.range(of: parameter.name))
          let samples = try #require(golden.gradients[parameter.name])
          if isIdle(parameter.name) {
            let isZero = gradient[range].allSatisfy { $0 == 0 }
            #expect(isZero, "\(parameter.name)")
            continue
          }
          let error = relativeError(gradient[range], samples: samples)
          #expect(error < golden.tolerance("gradients"), "gradient of \(parameter.name)")
          let norm = gradient[range].reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
          #expect(
            abs(norm / (golden.norms[parameter.name] ?? 0) - 1) < golden.tolerance("gradients"),
            "norm of \(parameter.name)")
        }
      }
      adam.update(&weights.values, gradient, rate: 1e-3)
    }
    for (name, samples) in golden.parameters where !isIdle(name) {
      let values = try #require(weights.tensor(name))
      #expect(
        relativeError(values, samples: samples) < golden.tolerance("parameters") * laterSteps,
        "\(name) after three steps")
    }
    for (name, samples) in golden.means {
      let values = try #require(weights.tensor(name))
      #expect(
        relativeError(values, samples: samples) < golden.tolerance("means") * laterSteps,
        "\(name) after three steps")
    }
    let inference = try net.compile(inputShape: shape, mode: .inference, precision: precision)
    try inference.load(weights)
    try inference.forward(golden.input)
    for (output, samples) in zip(inference.outputs, golden.inference) {
      #expect(relativeError(output.values, samples: samples) < golden.tolerance("inference") * laterSteps)
    }
  }
}

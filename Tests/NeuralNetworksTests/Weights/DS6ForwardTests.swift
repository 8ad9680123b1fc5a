import Foundation
import NeuralNetworks
import Testing

@Suite("Published weights, forward")
struct DS6ForwardTests {
  @Test(
    "The imported network computes what the published architecture computes",
    arguments: [("ds6.safetensors", Float(0)), ("ds6-pointwise.safetensors", 0.01)])
  func forward(name: String, slope: Float) throws {
    let (model, test) = try DS6WeightsTests.load(name)
    let (design, weights) = try DS6Weights.read(model, file: name, negativeSlope: slope)
    let input = try #require(test["test.input"])
    let plan = try design.network().compile(inputShape: input.shape, mode: .inference, precision: .f32)
    try plan.load(weights)
    try plan.forward(try #require(input.floats))
    for index in 0..<3 {
      let expected = try #require(test["test.output\(index)"]?.floats)
      // The full-resolution output is stored at every other position of a row.
      let step = index == 0 ? 2 : 1
      let values = plan.outputs[index].values
      let found = stride(from: 0, to: values.count, by: step).map { values[$0] }
      #expect(relativeError(found, expected) < 1e-5, "output \(index)")
    }
  }
}

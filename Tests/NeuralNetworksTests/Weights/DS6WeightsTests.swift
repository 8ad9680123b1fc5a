import Foundation
import NeuralNetworks
import Testing

@Suite("Published weights")
struct DS6WeightsTests {
  /// The file's model tensors, and the test's input and outputs.
  static func load(_ name: String) throws -> (model: SafeTensors, test: [String: SafeTensors.Tensor]) {
    var file = try SafeTensors(contentsOf: goldenURL(name))
    let test = file.tensors.filter { $0.key.hasPrefix("test.") }
    for key in test.keys { file.tensors[key] = nil }
    return (file, test)
  }

  @Test("Names are mapped, prefixes dropped, the design read off, the last two axes exchanged")
  func mapping() throws {
    let model = try Self.load("ds6.safetensors").model
    let (design, weights) = try DS6Weights.read(model, file: "ds6", negativeSlope: 0)
    #expect(design == UNet3D(width: 2, supervision: .convolutionBlock))
    let published = try #require(model.tensors["model.module.Up_conv4.conv.3.weight"]?.floats)
    let ours = Array(try #require(weights.tensor("decoder3.conv2.weight")))
    for i in 0..<27 { #expect(ours[27 + i] == published[27 + i / 9 * 9 + i % 3 * 3 + i / 3 % 3]) }
    for (name, other) in [
      ("encoder5.norm2.running_var", "Conv5.conv.4.running_var"), ("decoder1.up.conv.bias", "Up2.up.1.bias"),
      ("decoder4.up.norm.weight", "Up5.up.2.weight"), ("head1.bias", "Conv.bias"),
      ("head2.norm1.bias", "Conv_d3.conv.1.bias"),
      ("head3.norm2.running_mean", "Conv_d4.conv.4.running_mean"),
    ] {
      #expect(
        weights.tensor(name).map { Array($0) } == model.tensors["model.module.\(other)"]?.floats, "\(name)")
    }
    let pointwise = try DS6Weights.read(
      Self.load("ds6-pointwise.safetensors").model, file: "pointwise", negativeSlope: 0.01)
    #expect(pointwise.design.supervision == .pointwise && pointwise.design.negativeSlope == 0.01)
  }

  @Test("Missing and left-over tensors are listed under the file's names")
  func differences() throws {
    var model = try Self.load("ds6.safetensors").model
    model.tensors["model.module.Conv3.conv.1.running_mean"] = nil
    model.tensors["model.module.Conv_d5.conv.0.weight"] = .init([0] as [Float], shape: [1])
    let error = try #require(throws: WeightsMismatch.self) {
      try DS6Weights.read(model, file: "ds6", negativeSlope: 0)
    }
    #expect(error.missing == ["Conv3.conv.1.running_mean"])
    #expect(error.unexpected == ["Conv_d5.conv.0.weight"])
    let none = try #require(throws: WeightsMismatch.self) {
      try DS6Weights.read(SafeTensors(), file: "empty", negativeSlope: 0)
    }
    #expect(none.missing.first?.hasPrefix("Conv1.conv.0.weight") == true)
  }
}

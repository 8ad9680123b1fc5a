import Foundation
import NeuralNetworks
import Testing

@Suite("EfficientNets of other programs")
struct EfficientNetWeightsTests {
  static let lite = EfficientNet.lite0(classes: 7)

  /// The tensors of random weights, and the names of the port for the ones that matter here.
  static func file(_ design: EfficientNet, renaming: (String) -> String) -> SafeTensors {
    let weights = Weights(design.network().table, seed: 3)
    return SafeTensors(
      Dictionary(uniqueKeysWithValues: weights.tensors().map { (renaming($0.key), $0.value) }))
  }

  @Test("Names under which the port has its tensors, in order of blocks")
  func names() {
    for (ours, theirs) in [
      ("features.0.0.weight", "_conv_stem.weight"), ("features.0.1.running_mean", "_bn0.running_mean"),
      ("features.1.0.block.0.0.weight", "_blocks.0._depthwise_conv.weight"),
      ("features.1.0.block.0.1.bias", "_blocks.0._bn1.bias"),
      ("features.1.0.block.1.0.weight", "_blocks.0._project_conv.weight"),
      ("features.1.0.block.1.1.weight", "_blocks.0._bn2.weight"),
      ("features.2.1.block.0.0.weight", "_blocks.2._expand_conv.weight"),
      ("features.2.1.block.0.1.running_var", "_blocks.2._bn0.running_var"),
      ("features.7.0.block.2.0.weight", "_blocks.15._project_conv.weight"),
      ("features.8.0.weight", "_conv_head.weight"), ("features.8.1.bias", "_bn1.bias"),
      ("classifier.1.weight", "_fc.weight"),
    ] { #expect(EfficientNetWeights.portName(ours, Self.lite) == theirs) }
    let b1 = EfficientNet.b1(classes: 7)
    for (ours, theirs) in [
      ("features.1.1.block.1.fc1.bias", "_blocks.1._se_reduce.bias"),
      ("features.1.1.block.2.0.weight", "_blocks.1._project_conv.weight"),
      ("features.2.0.block.2.fc2.weight", "_blocks.2._se_expand.weight"),
      ("features.2.0.block.3.1.weight", "_blocks.2._bn2.weight"),
    ] { #expect(EfficientNetWeights.portName(ours, b1) == theirs) }
  }

  @Test(
    "Both ways of naming give the same weights, but for the port's own epsilon", arguments: [true, false])
  func bothNames(isLite: Bool) throws {
    let design = isLite ? Self.lite : EfficientNet.b0(classes: 7)
    var asked = design
    asked.classes = 1000
    let own = try EfficientNetWeights.read(Self.file(design) { $0 }, file: "own", for: asked)
    var renamed = Self.file(design) { EfficientNetWeights.portName($0, design) }
    renamed.tensors["_bn0.num_batches_tracked"] = .init([1] as [Int64], shape: [1])
    let port = try EfficientNetWeights.read(renamed, file: "port", for: asked)
    #expect(own.table == port.table && own.table == design.network().table)
    for (parameter, range) in zip(own.table.parameters, own.table.ranges) {
      let offset: Float = !isLite && parameter.name.hasSuffix(".running_var") ? 1e-3 - 1e-5 : 0
      #expect(own.values[range].map { $0 + offset } == Array(port.values[range]), "\(parameter.name)")
    }
  }

  @Test("What is missing or left over is told under the file's names")
  func differences() throws {
    var file = Self.file(Self.lite) { EfficientNetWeights.portName($0, Self.lite) }
    file.tensors["_blocks.3._bn1.bias"] = nil
    file.tensors["_blocks.3._se_reduce.weight"] = .init([0] as [Float], shape: [1])
    let error = try #require(throws: WeightsMismatch.self) {
      try EfficientNetWeights.read(file, file: "lite0", for: Self.lite)
    }
    #expect(error.missing == ["_blocks.3._bn1.bias"])
    #expect(error.unexpected == ["_blocks.3._se_reduce.weight"])
    #expect(throws: WeightsMismatch.self) {
      try EfficientNetWeights.read(SafeTensors(), file: "empty", for: Self.lite)
    }
  }

  @Test("More classes than any data set has are no network to make room for")
  func classes() throws {
    var file = Self.file(Self.lite) { $0 }
    let classes = 100_001
    file.tensors["classifier.1.bias"] = .init([Float](repeating: 0, count: classes), shape: [classes])
    let error = try #require(throws: WeightsMismatch.self) {
      try EfficientNetWeights.read(file, file: "huge", for: Self.lite)
    }
    #expect(error.different.contains { $0.contains("classifier.1.bias") }, "\(error)")
  }
}

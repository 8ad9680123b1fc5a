import Foundation

/// Weights of ``EfficientNet`` from other programs, such as those trained on natural images (ImageNet), for the start of a
/// training.
///
/// The tensors may be called as in torchvision (`features.1.0.block.0.0.weight`), which is how this package calls them, or
/// as in the port to PyTorch that most other programs took over (`_blocks.0._depthwise_conv.weight`). Networks of that
/// port are padded unevenly where the stride is 2: half a pixel, which training takes back.
public enum EfficientNetWeights {
  /// The weights in a file for `design`; the number of classes is the file's.
  /// - Throws: ``SafeTensorsError`` for a damaged file, ``WeightsMismatch`` where tensors are missing or left over, under the
  ///   file's own names.
  public static func read(_ url: URL, for design: EfficientNet) throws -> Weights {
    try read(SafeTensors(contentsOf: url), file: url.path, for: design)
  }

  /// The weights in the tensors of a file; `file` appears in errors.
  public static func read(
    _ contents: SafeTensors, file: String, for design: EfficientNet
  ) throws(WeightsMismatch) -> Weights {
    let tensors = contents.tensors
    var design = design
    if let classes = (tensors["_fc.bias"] ?? tensors["classifier.1.bias"])?.shape.first,
      (1...100_000).contains(classes)
    {
      design.classes = classes
    }
    let table = design.network().table
    guard tensors["_conv_stem.weight"] != nil else { return try Weights(tensors, for: table, file: file) }
    let names = table.parameters.map { (own: $0.name, port: portName($0.name, design)) }
    let own = Dictionary(uniqueKeysWithValues: names.map { ($0.port, $0.own) })
    let port = Dictionary(uniqueKeysWithValues: names.map { ($0.own, $0.port) })
    var renamed: [String: SafeTensors.Tensor] = [:]
    for (name, tensor) in tensors { renamed[own[name] ?? name] = tensor }
    do throws(WeightsMismatch) {
      var weights = try Weights(renamed, for: table, file: file)
      // The port divides by √(σ² + 1e-3) everywhere.
      for (parameter, range) in zip(table.parameters, table.ranges)
      where parameter.name.hasSuffix(".running_var") {
        for index in range { weights.values[index] += 1e-3 - design.epsilon }
      }
      return weights
    } catch {
      var mismatch = error
      mismatch.missing = mismatch.missing.map { port[$0] ?? $0 }
      mismatch.notFinite = mismatch.notFinite.map { port[$0] ?? $0 }
      throw mismatch
    }
  }

  /// `features.1.0.block.0.0.weight` → `_blocks.0._depthwise_conv.weight`, and so on: blocks are counted through all stages,
  /// and the layers of a block have names.
  package static func portName(_ name: String, _ design: EfficientNet) -> String {
    let words = name.split(separator: ".").map(String.init)
    guard let field = words.last else { return name }
    guard words[0] == "features", let stage = Int(words[1]) else { return "_fc.\(field)" }
    guard words.count > 5, let block = Int(words[2]), let part = Int(words[4]) else {
      let isStem = stage == 0
      if words[2] == "0" { return "\(isStem ? "_conv_stem" : "_conv_head").\(field)" }
      return "\(isStem ? "_bn0" : "_bn1").\(field)"
    }
    let index = design.blocks(before: stage - 1) + block
    // The first stage does not widen, and the Lite networks have no gates.
    let layers =
      (stage == 1 ? [] : ["_expand_conv"]) + ["_depthwise_conv"] + (design.isLite ? [] : ["_se"])
      + ["_project_conv"]
    let layer =
      switch (layers[part], words[5]) {
      case ("_se", "fc1"): "_se_reduce"
      case ("_se", _): "_se_expand"
      case (let layer, "0"): layer
      case ("_expand_conv", _): "_bn0"
      case ("_depthwise_conv", _): "_bn1"
      default: "_bn2"
      }
    return "_blocks.\(index).\(layer).\(field)"
  }
}

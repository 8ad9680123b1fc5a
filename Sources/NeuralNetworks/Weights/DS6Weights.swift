import Foundation

/// The published weights of DS6 and SPOCKMIP, read into this package's ``UNet3D``.
///
/// Their tensors are called `Conv1.conv.0.weight`, `Up5.up.1.weight`, `Up_conv5.conv.3.bias`, `Conv_d3.conv.0.weight`,
/// `Conv.weight` and so on, under a prefix `model.` (the Hub's wrapper), `module.` (DataParallel) or none. The design is read
/// off the tensors: width, number of input channels, supervised levels. Two facts cannot be, and are given by the
/// caller: whether activations are leaky (SPOCKMIP) or not (DS6).
///
/// The published networks see volumes as N C k i j, the slice axis first and i, j after it; this package keeps N C k j i, a
/// volume as it lies in memory. The last two axes of every kernel are exchanged on reading: the network then gives for a
/// volume in this package's order what the published one gives for the permuted volume.
public enum DS6Weights {
  /// The design and weights in a file; `negativeSlope` is 0 for DS6 and 0.01 for SPOCKMIP.
  /// - Throws: ``SafeTensorsError`` for a damaged file, ``WeightsMismatch`` where tensors are missing or left over, under the
  ///   file's own names.
  public static func read(_ url: URL, negativeSlope: Float) throws -> (design: UNet3D, weights: Weights) {
    try read(SafeTensors(contentsOf: url), file: url.path, negativeSlope: negativeSlope)
  }

  /// The design and weights in the tensors of a file; `file` appears in errors.
  public static func read(
    _ contents: SafeTensors, file: String, negativeSlope: Float
  ) throws(WeightsMismatch) -> (design: UNet3D, weights: Weights) {
    let tensors = withoutPrefix(contents.tensors)
    let first = tensors["Conv1.conv.0.weight"]
    guard let first, first.shape.count == 5, (1...4096).contains(first.shape[0]),
      (1...64).contains(first.shape[1])
    else {
      var mismatch = WeightsMismatch(file: file)
      mismatch.missing = ["Conv1.conv.0.weight (out, in, 3, 3, 3)"]
      throw mismatch
    }
    var design = UNet3D(width: first.shape[0], negativeSlope: negativeSlope)
    design.inputChannels = first.shape[1]
    if tensors["Conv_d3.conv.0.weight"] != nil { design.supervision = .convolutionBlock }
    if tensors["Conv_d3.weight"] != nil { design.supervision = .pointwise }
    let table = design.network().table

    var renamed: [String: SafeTensors.Tensor] = [:]
    var expected: [String: String] = [:]
    for parameter in table.parameters { expected[publishedName(parameter.name)] = parameter.name }
    for (name, tensor) in tensors { renamed[expected[name] ?? name] = exchangingLastAxes(tensor) }
    do throws(WeightsMismatch) {
      return (design, try Weights(renamed, for: table, file: file))
    } catch {
      var mismatch = error
      mismatch.missing = mismatch.missing.map(publishedName)
      mismatch.notFinite = mismatch.notFinite.map(publishedName)
      throw mismatch
    }
  }

  /// `encoder2.conv1.weight` → `Conv2.conv.0.weight`, and so on.
  static func publishedName(_ name: String) -> String {
    var parts = name.split(separator: ".").map(String.init)
    guard parts.count >= 2, let level = parts[0].last.flatMap({ Int(String($0)) }) else { return name }
    let field = parts.removeLast()
    let role = parts.count > 1 ? parts[parts.count - 1] : ""
    let place = ["conv1": "0", "norm1": "1", "conv2": "3", "norm2": "4"][role]
    if parts[0].hasPrefix("encoder"), let place { return "Conv\(level).conv.\(place).\(field)" }
    if parts[0].hasPrefix("decoder") {
      // The decoder of level 4 goes up from level 5 and is numbered after that.
      if parts.contains("up") { return "Up\(level + 1).up.\(role == "conv" ? 1 : 2).\(field)" }
      if let place { return "Up_conv\(level + 1).conv.\(place).\(field)" }
    }
    if parts[0] == "head1" { return "Conv.\(field)" }
    if parts[0].hasPrefix("head") {
      return place.map { "Conv_d\(level + 1).conv.\($0).\(field)" } ?? "Conv_d\(level + 1).\(field)"
    }
    return name
  }

  private static func withoutPrefix(_ tensors: [String: SafeTensors.Tensor]) -> [String: SafeTensors.Tensor] {
    var tensors = tensors
    for prefix in ["model.", "module.", "model."] where tensors.keys.allSatisfy({ $0.hasPrefix(prefix) }) {
      tensors = Dictionary(
        uniqueKeysWithValues: tensors.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }
    return tensors
  }

  private static func exchangingLastAxes(_ tensor: SafeTensors.Tensor) -> SafeTensors.Tensor {
    guard tensor.shape.count == 5, let values = tensor.floats else { return tensor }
    let (rows, columns) = (tensor.shape[3], tensor.shape[4])
    guard rows > 1 || columns > 1 else { return tensor }
    var exchanged = values
    let plane = rows * columns
    for start in stride(from: 0, to: values.count, by: max(plane, 1)) {
      for row in 0..<rows {
        for column in 0..<columns {
          exchanged[start + column * rows + row] = values[start + row * columns + column]
        }
      }
    }
    let shape = tensor.shape.prefix(3) + [columns, rows]
    return SafeTensors.Tensor(exchanged, shape: Array(shape))
  }
}

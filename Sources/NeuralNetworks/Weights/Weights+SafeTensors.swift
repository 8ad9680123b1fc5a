import Files
import Foundation
import Numerics

extension Weights {
  /// The parameters as named tensors.
  public func tensors() -> [String: SafeTensors.Tensor] {
    var tensors: [String: SafeTensors.Tensor] = [:]
    for (parameter, range) in zip(table.parameters, table.ranges) {
      tensors[parameter.name] = SafeTensors.Tensor(values[range], shape: parameter.shape)
    }
    return tensors
  }

  /// Write the weights; `metadata` travels with them, such as the network's design.
  public func write(to url: URL, metadata: [String: String] = [:]) throws(FileWritingError) {
    try SafeTensors(tensors(), metadata: metadata).write(to: url)
  }

  /// The weights of a network from a file's tensors; `file` appears in errors.
  ///
  /// Every parameter must be there with its shape, and nothing else but batch counters (`num_batches_tracked`), which
  /// play no part.
  public init(_ tensors: [String: SafeTensors.Tensor], for table: ParameterTable, file: String)
    throws(WeightsMismatch)
  {
    self.init(zerosFor: table)
    var mismatch = WeightsMismatch(file: file)
    for (parameter, range) in zip(table.parameters, table.ranges) {
      guard let tensor = tensors[parameter.name] else {
        mismatch.missing.append(parameter.name)
        continue
      }
      guard tensor.shape == parameter.shape, let found = tensor.floats else {
        mismatch.different.append(
          "\(parameter.name): \(parameter.shape) expected, \(tensor.type.rawValue) \(tensor.shape) found")
        continue
      }
      if !found.allSatisfy({ $0.isFinite }) { mismatch.notFinite.append(parameter.name) }
      values.replaceSubrange(range, with: found)
    }
    mismatch.unexpected = tensors.keys.filter {
      table.index(of: $0) == nil && !$0.hasSuffix(".num_batches_tracked")
    }.sorted()
    guard mismatch.isEmpty else { throw mismatch }
  }

  /// The weights of a network from a file written by ``write(to:metadata:)`` or by any other safetensors writer.
  public init(contentsOf url: URL, for table: ParameterTable) throws {
    try self.init(SafeTensors(contentsOf: url).tensors, for: table, file: url.path)
  }
}

/// The tensors of a file are not those of the network.
public struct WeightsMismatch: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file.
  public let file: String
  /// Parameters of the network that the file lacks.
  public internal(set) var missing: [String] = []
  /// Tensors of the file that the network has no place for.
  public internal(set) var unexpected: [String] = []
  /// Tensors of another shape or of a type that cannot be converted, with both.
  public internal(set) var different: [String] = []
  /// Tensors with infinite values or values that are no numbers.
  public internal(set) var notFinite: [String] = []

  init(file: String) { self.file = file }

  var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && different.isEmpty && notFinite.isEmpty }

  /// One line: how many tensors of each kind, and the first of them.
  public var description: String {
    let lists = [
      ("missing", missing), ("unexpected", unexpected), ("of another shape", different),
      ("not finite", notFinite),
    ]
    let parts = lists.filter { !$0.1.isEmpty }.map { kind, names in
      "\(names.count) tensors \(kind): \(names.prefix(4).joined(separator: ", "))\(names.count > 4 ? ", …" : "")"
    }
    return
      "\(file): weights of another network: \(parts.joined(separator: "; ")). Check the model and its settings."
  }
}

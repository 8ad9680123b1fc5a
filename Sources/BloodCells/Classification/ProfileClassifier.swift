import Foundation
import NeuralNetworks
import Numerics

/// Several small networks that tell the type of a cell from its ``CellProfile`` alone: one hidden layer each, on
/// numbers standardised by the training cells and held within ±6; their log probabilities are averaged.
///
/// They err otherwise than a network that sees the picture (spikes and tails are numbers to them), and take
/// seconds to train; ``CellClassifier`` joins both.
public struct ProfileClassifier: Sendable {
  /// What is stored beside the weights.
  public struct Design: Sendable, Hashable, Codable {
    /// Channels of the hidden layer.
    public var hidden: Int
    /// How many networks.
    public var members: Int
    /// The weight of their log probabilities against those of the network that sees the picture, 0 to 1.
    public var share: Double

    /// A design.
    public init(hidden: Int, members: Int, share: Double) {
      self.hidden = hidden
      self.members = members
      self.share = share
    }

    var isValid: Bool {
      (1...4096).contains(hidden) && (1...64).contains(members) && (0...1).contains(share)
    }

    /// The network of each member: N profiles → N types, logits.
    package func network(types: Int) -> Network {
      var network = Network(spatialAxes: 2)
      let input = network.dropout(network.input(channels: CellProfile.count), probability: 0.15)
      let hidden = network.activation(network.dense(input, to: hidden, name: "hidden"), .silu)
      let mixed = network.dropout(hidden, probability: 0.3)
      network.setOutputs([network.dense(mixed, to: types, name: "types")])
      return network
    }
  }

  /// What is stored beside the weights.
  public var design: Design
  /// The mean of each number over the training cells.
  public let means: [Float]
  /// What each number's distance from its mean is multiplied by.
  public let scales: [Float]
  /// The weights of each member.
  public let members: [Weights]

  /// Numbers for the networks, profile by profile.
  static func standardized(_ cells: [CellProfile], _ means: [Float], _ scales: [Float]) -> [Float] {
    let width = CellProfile.count
    return [Float](unsafeUninitializedCapacity: cells.count * width) { target, count in
      count = cells.count * width
      means.withUnsafeBufferPointer { means in
        scales.withUnsafeBufferPointer { scales in
          for (row, cell) in cells.enumerated() {
            cell.values.withUnsafeBufferPointer { values in
              for index in 0..<width {
                target[row * width + index] = min(6, max(-6, (values[index] - means[index]) * scales[index]))
              }
            }
          }
        }
      }
    }
  }

  /// The mean of the members' log probabilities, a row for each cell.
  ///
  /// Two products a member, on its weights as they are: a plan for each image would take longer to make than to use.
  public func logProbabilities(of cells: [CellProfile]) -> [[Double]] {
    let input = Self.standardized(cells, means, scales)
    let rows = members.map { Self.logits(of: input, $0).map(Self.logProbabilities) }
    return cells.indices.map { cell in
      let own = rows.map { $0[cell] }
      return own[0].indices.map { type in own.reduce(0) { $0 + $1[type] / Double(members.count) } }
    }
  }

  /// The logits of one member, a row for each cell.
  private static func logits(of input: [Float], _ member: Weights) -> [[Double]] {
    guard let types = member.table.range(of: "types.bias")?.count else { return [] }
    func layer(_ input: [Float], _ name: String) -> [Float] {
      member.values.withUnsafeBufferPointer { values in
        func part(_ role: String) -> UnsafeBufferPointer<Float> {
          UnsafeBufferPointer(rebasing: values[member.table.range(of: "\(name).\(role)") ?? 0..<0])
        }
        return input.withUnsafeBufferPointer {
          LinearAlgebra.denseLayer($0, weights: part("weight"), bias: part("bias"))
        }
      }
    }
    // The SiLU, x / (1 + exp(−x)); dropout is for training.
    let hidden = layer(input, "hidden").map { $0 / (1 + exp(-$0)) }
    let logits = layer(hidden, "types")
    return stride(from: 0, to: logits.count, by: types).map { start in
      logits[start..<start + types].map { Double($0) }
    }
  }

  /// The log of softmax.
  static func logProbabilities(_ logits: [Double]) -> [Double] {
    let largest = logits.max() ?? 0
    let sum = log(logits.reduce(0) { $0 + exp($1 - largest) })
    return logits.map { $0 - largest - sum }
  }
}

// MARK: - Files

extension ProfileClassifier {
  private static let key = "malpighi.cell-profiles"
  private static let prefix = "profiles."

  /// Adds itself to a file of a ``CellClassifier``.
  func write(to file: inout SafeTensors) throws {
    file.tensors[Self.prefix + "means"] = .init(means, shape: [means.count])
    file.tensors[Self.prefix + "scales"] = .init(scales, shape: [scales.count])
    for (index, member) in members.enumerated() {
      for (parameter, range) in zip(member.table.parameters, member.table.ranges) {
        let values = member.values[range]
        file.tensors["\(Self.prefix)\(index).\(parameter.name)"] =
          parameter.shape.count > 1
          ? .init(values, shape: parameter.shape, halfPrecision: .float16)
          : .init(values, shape: parameter.shape)
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    file.metadata[Self.key] = String(decoding: try encoder.encode(design), as: UTF8.self)
  }

  /// Takes its tensors out of `tensors`; nil where the file holds none.
  init?(
    from file: SafeTensors, removingFrom tensors: inout [String: SafeTensors.Tensor], types: Int, path: String
  )
    throws
  {
    guard let text = file.metadata[Self.key] else { return nil }
    guard let design = try? JSONDecoder().decode(Design.self, from: Data(text.utf8)), design.isValid,
      let means = tensors[Self.prefix + "means"]?.floats, means.count == CellProfile.count,
      let scales = tensors[Self.prefix + "scales"]?.floats, scales.count == CellProfile.count
    else { throw CellModelError.otherContents(file: path, expected: "a classifier of cells") }
    self.design = design
    self.means = means
    self.scales = scales
    let table = design.network(types: types).table
    members = try (0..<design.members).map { index in
      let own = "\(Self.prefix)\(index)."
      let parts = tensors.filter { $0.key.hasPrefix(own) }.map {
        (String($0.key.dropFirst(own.count)), $0.value)
      }
      return try Weights(Dictionary(uniqueKeysWithValues: parts), for: table, file: path)
    }
    tensors = tensors.filter { !$0.key.hasPrefix(Self.prefix) }
  }
}

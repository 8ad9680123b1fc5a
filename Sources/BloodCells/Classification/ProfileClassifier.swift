import Foundation
import NeuralNetworks

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
    func network(types: Int) -> Network {
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
  public func logProbabilities(of cells: [CellProfile]) throws(NeuralNetworkError) -> [[Double]] {
    guard let types = members.first?.tensor("types.bias")?.count, !cells.isEmpty else { return [] }
    let input = Self.standardized(cells, means, scales)
    let plan = try design.network(types: types).compile(
      inputShape: [cells.count, CellProfile.count, 1, 1], mode: .inference, precision: .f32)
    var sums = [[Double]](repeating: [Double](repeating: 0, count: types), count: cells.count)
    for member in members {
      try plan.load(member)
      try plan.forward(input)
      let values = plan.outputs[0].values
      for row in cells.indices {
        let own = Self.logProbabilities((0..<types).map { Double(values[row * types + $0]) })
        for type in 0..<types { sums[row][type] += own[type] / Double(members.count) }
      }
    }
    return sums
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

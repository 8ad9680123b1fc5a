import Numerics

/// The values of all parameters of a network, in one flat array: trainable ones first, then statistics.
///
/// Optimisers pass over `values[..<trainableCount]` once; weights files address single parameters by name.
public struct Weights: Sendable, Equatable {
  /// Where each parameter lies.
  public let table: ParameterTable
  /// The values; parameter `i` occupies `table.ranges[i]`, row-major.
  public var values: [Float]

  /// All zeros.
  public init(zerosFor table: ParameterTable) {
    self.table = table
    values = [Float](repeating: 0, count: table.count)
  }

  /// Values drawn as each parameter's initialisation says; a parameter's numbers depend on seed and name only.
  public init(_ table: ParameterTable, seed: UInt64) {
    self.init(zerosFor: table)
    for (parameter, range) in zip(table.parameters, table.ranges) {
      var stream = RandomStream(seed: seed, purpose: "weights/\(parameter.name)")
      switch parameter.initialisation {
      case .constant(let value): for i in range { values[i] = value }
      case .uniform(let bound): for i in range { values[i] = stream.uniform(-bound...bound) }
      case .normal(let deviation): for i in range { values[i] = deviation * stream.normal() }
      }
    }
  }

  /// The values of one parameter; nil where the network has no parameter of that name.
  public func tensor(_ name: String) -> ArraySlice<Float>? {
    table.index(of: name).map { values[table.ranges[$0]] }
  }

  /// Replace the values of one parameter.
  /// - Throws: `NeuralNetworkError.parameterMismatch` where name or count are not the network's.
  public mutating func set(_ name: String, to newValues: some Collection<Float>) throws(NeuralNetworkError) {
    guard let index = table.index(of: name) else {
      throw .parameterMismatch(name: name, expected: "a parameter of the network", found: "an unknown name")
    }
    let range = table.ranges[index]
    guard newValues.count == range.count else {
      throw .parameterMismatch(name: name, expected: "\(range.count) values", found: "\(newValues.count)")
    }
    values.replaceSubrange(range, with: newValues)
  }
}

extension Weights {
  /// The parameters of a part of the network that goes by the same names.
  /// - Throws: `NeuralNetworkError.parameterMismatch` where one is missing.
  package func subset(for table: ParameterTable) throws(NeuralNetworkError) -> Weights {
    var part = Weights(zerosFor: table)
    for parameter in table.parameters {
      guard let values = tensor(parameter.name) else {
        throw .parameterMismatch(name: parameter.name, expected: "a tensor of the weights", found: "none")
      }
      try part.set(parameter.name, to: values)
    }
    return part
  }
}

/// The parameters of a network and where each lies in a flat array.
public struct ParameterTable: Sendable, Hashable {
  /// In order of definition, trainable ones before statistics.
  public let parameters: [Parameter]
  /// The place of each parameter in `Weights.values`.
  public let ranges: [Range<Int>]
  /// The scalars that an optimiser changes: they come first.
  public let trainableCount: Int
  private let indices: [String: Int]

  /// All scalars.
  public var count: Int { ranges.last?.upperBound ?? 0 }

  init(_ defined: [Parameter]) {
    parameters = defined.filter { $0.role == .trainable } + defined.filter { $0.role == .statistic }
    var places: [Range<Int>] = []
    var names: [String: Int] = [:]
    var next = 0
    for (index, parameter) in parameters.enumerated() {
      places.append(next..<next + parameter.count)
      names[parameter.name] = index
      next += parameter.count
    }
    ranges = places
    indices = names
    trainableCount = parameters.reduce(0) { $0 + ($1.role == .trainable ? $1.count : 0) }
  }

  /// The position of the parameter called `name`.
  public func index(of name: String) -> Int? { indices[name] }

  /// The place in the flat array of the parameter called `name`.
  public func range(of name: String) -> Range<Int>? { indices[name].map { ranges[$0] } }
}

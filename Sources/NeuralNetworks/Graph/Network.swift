/// A network as a value: layers in order, the maps between them, and the parameters they use.
///
/// Built by the functions that add a layer and return its output map; compiled for one input shape with
/// `compile(inputShape:mode:precision:)`. Tensors are N C D H W (three spatial axes) or N C H W (two), W fastest.
public struct Network: Sendable {
  /// One layer with the maps it reads. Its position in `nodes` names the map it writes.
  public struct Node: Sendable {
    /// What is computed.
    public let layer: Layer
    /// The maps read, by the positions of the nodes that write them; all before this node.
    public let inputs: [Int]
    /// Channels of the map written.
    public let channels: Int
    /// The layer's name, prefix of its parameters' names.
    public let name: String
    /// The layer's parameters by role (`weight`, `bias`, `running_mean`, `running_var`), as positions in `parameters`.
    public let parameters: [String: Int]
  }

  /// 2 (N C H W) or 3 (N C D H W).
  public let spatialAxes: Int
  /// The layers, each after those it reads.
  public private(set) var nodes: [Node] = []
  /// The parameters in order of definition.
  public private(set) var parameters: [Parameter] = []
  /// The maps that a run returns.
  public private(set) var outputs: [FeatureMap] = []

  /// A network without layers.
  public init(spatialAxes: Int) {
    precondition(spatialAxes == 2 || spatialAxes == 3, "two or three spatial axes")
    self.spatialAxes = spatialAxes
  }

  /// Where each parameter lies in a flat array.
  public var table: ParameterTable { ParameterTable(parameters) }

  /// First values of all parameters for `seed`.
  public func initialWeights(seed: UInt64) -> Weights { Weights(table, seed: seed) }

  /// Scalars that an optimiser changes.
  public var trainableCount: Int { table.trainableCount }

  /// Make these maps the network's outputs, in this order.
  public mutating func setOutputs(_ maps: [FeatureMap]) { outputs = maps }

  /// The maps that the layer writing `map` reads.
  public func inputs(of map: FeatureMap) -> [FeatureMap] {
    nodes[map.node].inputs.map { FeatureMap(node: $0, channels: nodes[$0].channels) }
  }

  /// Add a layer; `defining` are its parameters by role.
  mutating func add(
    _ layer: Layer, reading inputs: [FeatureMap], channels: Int, name: String,
    defining: [(role: String, parameter: Parameter)] = []
  ) -> FeatureMap {
    var places: [String: Int] = [:]
    for (role, parameter) in defining {
      precondition(
        !parameters.contains { $0.name == parameter.name }, "two parameters named \(parameter.name)")
      places[role] = parameters.count
      parameters.append(parameter)
    }
    nodes.append(
      Node(
        layer: layer, inputs: inputs.map(\.node), channels: channels, name: name, parameters: places))
    return FeatureMap(node: nodes.count - 1, channels: channels)
  }
}

/// A map between layers: a handle valid in the network that returned it.
public struct FeatureMap: Hashable, Sendable {
  /// The position in `Network.nodes` of the layer that writes it.
  public let node: Int
  /// Extent of the channel axis.
  public let channels: Int
}

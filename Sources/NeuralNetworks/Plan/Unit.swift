/// The nodes of a network that one operation of a plan computes together.
struct Unit {
  enum Kind {
    case convolution(node: Int, upsampled: Bool, normalisation: Int?, activation: Activation?)
    case normalisation(node: Int, activation: Activation?)
    case single(node: Int)
    /// Output number `index` leaves the plan.
    case output(index: Int)
  }

  let kind: Kind
  /// Nodes whose maps are read.
  let inputs: [Int]
  /// The node whose map is written; for an output, the node read.
  let output: Int

  var isConvolution: Bool {
    if case .convolution = kind { return true }
    return false
  }
}

/// How the nodes of a network fall into units.
struct Units {
  private(set) var list: [Unit] = []
  /// Nodes that read each node's map; outputs of the network count as a reader −1.
  private(set) var readers: [[Int]]

  init(_ network: Network, mode: Plan.Mode) {
    readers = Array(repeating: [], count: network.nodes.count)
    for (index, node) in network.nodes.enumerated() {
      for input in node.inputs { readers[input].append(index) }
    }
    for output in network.outputs { readers[output.node].append(-1) }
    var absorbed = Set<Int>()
    for (index, node) in network.nodes.enumerated() where !absorbed.contains(index) {
      switch node.layer {
      case .upsampling where isFused(network, upsampling: index): continue
      case .convolution, .transposedConvolution, .dense:
        let source = node.inputs[0]
        let upsampled = isFused(network, upsampling: source)
        var last = index
        var folded: Int?
        var activation: Activation?
        if mode == .inference {
          if let next = onlyReader(last), isBatchNormalisation(network.nodes[next].layer) {
            folded = next
            last = next
          }
          if let next = onlyReader(last), case .activation(let function) = network.nodes[next].layer {
            activation = function
            last = next
          }
        }
        absorbed.formUnion([index, folded ?? index, last])
        list.append(
          Unit(
            kind: .convolution(
              node: index, upsampled: upsampled, normalisation: folded, activation: activation),
            inputs: [upsampled ? network.nodes[source].inputs[0] : source], output: last))
      case .normalisation:
        var last = index
        var activation: Activation?
        if let next = onlyReader(index), case .activation(let function) = network.nodes[next].layer {
          activation = function
          last = next
        }
        absorbed.formUnion([index, last])
        list.append(
          Unit(kind: .normalisation(node: index, activation: activation), inputs: node.inputs, output: last))
      default: list.append(Unit(kind: .single(node: index), inputs: node.inputs, output: index))
      }
    }
    for (index, output) in network.outputs.enumerated() {
      list.append(Unit(kind: .output(index: index), inputs: [output.node], output: output.node))
    }
  }

  /// The one node that reads this map, if there is one.
  func onlyReader(_ node: Int) -> Int? {
    readers[node].count == 1 && readers[node][0] >= 0 ? readers[node][0] : nil
  }

  func isBatchNormalisation(_ layer: Layer) -> Bool {
    if case .normalisation(let normalisation) = layer, case .batch = normalisation.kind { return true }
    return false
  }

  /// Nearest ×2 up-sampling read by one 3ⁿ convolution only: one transposed convolution does both.
  private func isFused(_ network: Network, upsampling node: Int) -> Bool {
    guard case .upsampling(let upsampling) = network.nodes[node].layer, upsampling.kind == .nearest,
      upsampling.factor == 2, let reader = onlyReader(node),
      case .convolution(let g) = network.nodes[reader].layer
    else { return false }
    return g.kernel == 3 && g.stride == 1 && g.padding == 1 && g.dilation == 1 && g.groups == 1
  }
}

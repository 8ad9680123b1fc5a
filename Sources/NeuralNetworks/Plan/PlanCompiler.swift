import COneDNN
import Numerics

extension Network {
  /// The kernels, memory and order of steps for one input shape.
  ///
  /// - Parameters:
  ///   - inputShape: N C D H W or N C H W.
  ///   - mode: Training keeps what the backward pass needs; inference folds batch normalisation into weights.
  ///   - precision: What activations are stored as.
  /// - Throws: `shape` where a layer does not fit, `memory` where the plan would not fit, `library` from oneDNN.
  public func compile(
    inputShape: [Int], mode: Plan.Mode, precision: Plan.Precision
  ) throws(NeuralNetworkError) -> Plan {
    var compiler = try PlanCompiler(self, inputShape: inputShape, mode: mode, precision: precision)
    return try compiler.compile()
  }
}

/// Lays out a network for one input shape.
struct PlanCompiler {
  let network: Network
  let inputShape: [Int]
  let mode: Plan.Mode
  /// Never `automatic`.
  let precision: Plan.Precision
  var bfloat16: Bool { precision == .bf16 }
  let shapes: Shapes
  let units: Units
  let table: ParameterTable
  let team: Team
  let arena = Arena()
  /// Per node: where its map lies, where the gradient of its map is gathered.
  var images: [PlanImage?]
  var gradients: [PlanImage?]
  var needsGradient: [Bool]
  /// Poolings that the producers of their inputs do.
  var pooledNodes: Set<Int> = []

  init(
    _ network: Network, inputShape: [Int], mode: Plan.Mode, precision: Plan.Precision
  ) throws(NeuralNetworkError) {
    self.network = network
    self.inputShape = inputShape
    self.mode = mode
    self.precision = PlanCompiler.available(precision)
    shapes = try Shapes(network, inputShape: inputShape)
    units = Units(network, mode: mode)
    table = network.table
    team = Team(threads: Parallel.threads)
    images = Array(repeating: nil, count: network.nodes.count)
    gradients = images
    needsGradient = Array(repeating: false, count: network.nodes.count)
    nn_set_threads(Int32(team.threads))
  }

  /// What this CPU makes of a wish.
  private static func available(_ precision: Plan.Precision) -> Plan.Precision {
    switch precision {
    case .automatic, .bf16:
      if nn_has_bfloat16() { return .bf16 }
      _ = PrecisionNotice.fallback
      return .f32
    case .bf16x2, .bf16x3: return nn_has_tiles() ? precision : .f32
    case .f32: return .f32
    }
  }

  mutating func compile() throws(NeuralNetworkError) -> Plan {
    guard !network.outputs.isEmpty else { throw .shape(layer: "network", reason: "has no outputs") }
    placeImages()
    var targets: [[GradientTarget?]] = Array(repeating: [], count: units.list.count)
    if mode == .training {
      markGradients()
      for index in units.list.indices.reversed() { targets[index] = gradientTargets(of: units.list[index]) }
    }
    var operations: [Operation] = []
    for (index, unit) in units.list.enumerated() {
      operations.append(try operation(unit, index, targets[index]))
    }
    return try finish(operations)
  }

  /// Lifetimes, places and memory; then the plan.
  private func finish(_ operations: [Operation]) throws(NeuralNetworkError) -> Plan {
    let count = operations.count
    let last = mode == .training ? 2 * count : count
    var outputs: [(shape: [Int], values: Int, gradients: Int)] = []
    var inputBuffer = 0
    for (step, operation) in operations.enumerated() {
      for buffer in operation.forwardBuffers { arena.use(buffer, at: step) }
      for buffer in operation.backwardBuffers { arena.use(buffer, at: last - 1 - step) }
      switch operation {
      case let input as InputOperation: inputBuffer = input.planes
      case let output as OutputOperation:
        outputs.append((shapes.shape(units.list[step].output, network), output.values, output.gradients))
        // Filled by the caller between the two passes.
        arena.use(output.values, at: last)
        arena.use(output.gradients, at: count - 1)
      default: break
      }
      if mode == .inference {
        for buffer in operation.persistentBuffers {
          arena.use(buffer, at: 0)
          arena.use(buffer, at: last)
        }
      }
    }
    arena.place()
    let available = SystemMemory.availableBytes
    guard arena.bytes <= available else { throw .memory(neededBytes: arena.bytes, availableBytes: available) }
    try arena.allocate()
    return try Plan(
      mode: mode, precision: precision, inputShape: inputShape, table: table, team: team,
      arena: arena, operations: operations, inputBuffer: inputBuffer, outputs: outputs)
  }

  // MARK: - Images

  /// A buffer for every map; parts of a concatenation lie in it where their producer and readers allow.
  private mutating func placeImages() {
    var producers: [Int: Unit] = [:]
    for unit in units.list {
      if case .output = unit.kind { continue }
      producers[unit.output] = unit
    }
    for unit in units.list {
      guard case .single(let node) = unit.kind, network.nodes[node].layer == .concatenation else { continue }
      let whole = newImage(node)
      images[node] = whole
      var channel = 0
      for part in network.nodes[node].inputs {
        let channels = network.nodes[part].channels
        if images[part] == nil, let producer = producers[part], canWriteStrided(producer),
          isOnlyReadByOwnKernels(part)
        {
          var view = whole
          view.firstChannel = channel
          view.channels = channels
          images[part] = view
        }
        channel += channels
      }
    }
    for unit in units.list where images[unit.output] == nil { images[unit.output] = newImage(unit.output) }
  }

  private func canWriteStrided(_ unit: Unit) -> Bool {
    switch unit.kind {
    case .convolution: mode == .inference
    case .normalisation: true
    case .single(let node): network.nodes[node].layer != .concatenation && network.nodes[node].layer != .input
    case .output: false
    }
  }

  private func isOnlyReadByOwnKernels(_ node: Int) -> Bool {
    !units.list.contains { $0.isConvolution && $0.inputs.contains(node) }
  }

  private func newImage(_ node: Int) -> PlanImage {
    let channels = network.nodes[node].channels
    let extents = shapes.extents[node]
    let scalars = shapes.batch * extents[0] * extents[1] * extents[2] * channels
    return PlanImage(
      buffer: arena.request(bytes: scalars * (bfloat16 ? 2 : 4)), pixelStride: channels, channels: channels,
      batch: shapes.batch, extents: extents)
  }

  // MARK: - Gradients

  private mutating func markGradients() {
    for (index, node) in network.nodes.enumerated() {
      needsGradient[index] = !node.parameters.isEmpty || node.inputs.contains { needsGradient[$0] }
    }
  }

  /// Where a unit's backward step puts the gradients of its inputs; later units' contributions are there already.
  private mutating func gradientTargets(of unit: Unit) -> [GradientTarget?] {
    if case .output = unit.kind { return [target(unit.inputs[0])] }
    guard let arrived = gradients[unit.output] else { return unit.inputs.map { _ in nil } }
    guard case .single(let node) = unit.kind, network.nodes[node].layer == .concatenation else {
      return unit.inputs.map { target($0) }
    }
    var channel = 0
    return unit.inputs.map { part in
      let channels = network.nodes[part].channels
      defer { channel += channels }
      guard needsGradient[part] else { return nil }
      if gradients[part] == nil && readsStridedGradient(part) {
        var view = arrived
        view.firstChannel = channel
        view.channels = channels
        gradients[part] = view
        return nil
      }
      return target(part)
    }
  }

  private mutating func target(_ node: Int) -> GradientTarget? {
    guard needsGradient[node] else { return nil }
    if let image = gradients[node] { return GradientTarget(image: image, adding: true) }
    let image = newImage(node)
    gradients[node] = image
    return GradientTarget(image: image, adding: false)
  }

  private func readsStridedGradient(_ node: Int) -> Bool {
    !units.list.contains { unit in
      if case .output = unit.kind { return false }
      return unit.output == node && unit.isConvolution
    }
  }
}

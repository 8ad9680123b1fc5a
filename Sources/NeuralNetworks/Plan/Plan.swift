import COneDNN
import Numerics

/// A network compiled for one input shape: kernels chosen, memory placed, nothing left to allocate in a step.
///
/// A plan is used by one thread at a time; inside, a step runs on `Parallel.threads` threads as they were when it was
/// compiled. For the same input, weights, machine and number of threads a step gives the same bytes.
public final class Plan {
  /// What a plan is for.
  public enum Mode: Hashable, Sendable {
    /// Forward with statistics of the batch, and backward.
    case training
    /// Forward with running statistics, batch normalisation folded into the weights before it.
    case inference
  }

  /// What activations are stored as; weights, sums and losses are f32 in every case.
  public enum Precision: String, Hashable, Sendable, Codable {
    /// bf16 where the CPU multiplies it in hardware, else f32.
    case automatic = "auto"
    /// 32 bits.
    case f32
    /// 32 bits stored; convolutions in inference and data gradients on AMX tiles, from three terms of bf16, which hold 24
    /// bits: as near to the true results as `f32`, rounded differently. `f32` where the CPU has no tiles.
    case bf16x3
    /// 32 bits stored; convolutions on AMX tiles from two terms of bf16, which hold 16 bits: errors of 1e-5 to 1e-4 at
    /// the outputs of a U-Net. `f32` where the CPU has no tiles.
    case bf16x2
    /// 16 bits with the exponent of f32; f32 where the CPU has no instructions for it.
    case bf16
  }

  /// An output of the network, N C and spatial axes, row-major, and its values in the plan's memory.
  public struct Output {
    /// N C D H W or N C H W.
    public let shape: [Int]
    /// Valid until the next forward pass, as long as the plan lives.
    public let values: UnsafeMutableBufferPointer<Float>
  }

  /// What the plan is for.
  public let mode: Mode
  /// What activations are stored as: never `.automatic`.
  public let precision: Precision
  /// N C and spatial axes.
  public let inputShape: [Int]
  /// Bytes of the plan's own memory: activations, gradients, reordered weights, scratch.
  public let memoryBytes: Int
  /// The threads a step runs on.
  public let threads: Int
  /// The parameters it expects.
  public let table: ParameterTable
  /// The outputs of the last forward pass.
  public let outputs: [Output]
  /// Where the derivative of the loss by each output goes before `backward` (training).
  public let outputGradients: [Output]

  private let operations: [Operation]
  private let arena: Arena
  private let inputPlanes: UnsafeMutablePointer<Float>
  private var isLoaded = false
  /// A forward pass of training whose activations the backward pass has not used up yet.
  private var isAwaitingBackward = false

  init(
    mode: Mode, precision: Precision, inputShape: [Int], table: ParameterTable, team: Team, arena: Arena,
    operations: [Operation], inputBuffer: Int, outputs: [(shape: [Int], values: Int, gradients: Int)]
  ) throws(NeuralNetworkError) {
    self.mode = mode
    self.precision = precision
    self.inputShape = inputShape
    self.table = table
    self.arena = arena
    self.operations = operations
    threads = team.threads
    memoryBytes = arena.bytes
    inputPlanes = arena.floats(inputBuffer)
    self.outputs = outputs.map {
      Output(shape: $0.shape, values: .init(start: arena.floats($0.values), count: $0.shape.reduce(1, *)))
    }
    outputGradients = outputs.map {
      let count = mode == .training ? $0.shape.reduce(1, *) : 0
      return Output(shape: $0.shape, values: .init(start: arena.floats($0.gradients), count: count))
    }
    for operation in operations { try operation.bind() }
  }

  /// Take over the weights of an inference plan; later changes of `weights` have no effect until the next call.
  /// - Throws: `wrongMode` for a training plan, `parameterMismatch` for weights of another network.
  public func load(_ weights: Weights) throws(NeuralNetworkError) {
    guard mode == .inference else { throw .wrongMode(operation: "load", mode: "inference") }
    try check(weights)
    nn_set_threads(Int32(threads))
    var values = weights.values
    try withBase(&values) { base throws(NeuralNetworkError) in
      for operation in operations { try operation.load(base) }
    }
    isLoaded = true
  }

  /// One inference: fills `outputs`.
  /// - Parameters:
  ///   - input: N C and spatial axes, row-major.
  ///   - active: Where the output is wanted, for a batch of one volume: elsewhere it is anything; nil = everywhere.
  public func forward(
    _ input: UnsafeBufferPointer<Float>, active: ActiveBlocks? = nil
  ) throws(NeuralNetworkError) {
    guard mode == .inference, isLoaded else {
      throw .wrongMode(operation: "forward without weights", mode: "inference and loaded with weights")
    }
    if let active {
      let extents = active.extents
      precondition(
        inputShape == [1, inputShape[1], extents[0], extents[1], extents[2]],
        "blocks of this plan's one volume")
    }
    try run(input, weights: inputPlanes, noise: nil, active: active)
  }

  /// One inference on an array: fills `outputs`.
  public func forward(_ input: [Float]) throws(NeuralNetworkError) {
    let failure = input.withUnsafeBufferPointer { buffer in
      caught { () throws(NeuralNetworkError) in try forward(buffer) }
    }
    if let failure { throw failure }
  }

  /// One forward pass of training: fills `outputs` and keeps what `backward` needs.
  /// - Parameters:
  ///   - input: N C and spatial axes, row-major.
  ///   - weights: The parameters; running statistics are updated.
  ///   - noise: Random numbers for dropout and stochastic depth; not used by networks without.
  public func forward(
    _ input: UnsafeBufferPointer<Float>, updating weights: inout Weights, noise: RandomStream? = nil
  ) throws(NeuralNetworkError) {
    guard mode == .training else { throw .wrongMode(operation: "forward(updating:)", mode: "training") }
    try check(weights)
    try withBase(&weights.values) { base throws(NeuralNetworkError) in
      try run(input, weights: base, noise: noise)
    }
    isAwaitingBackward = true
  }

  /// One forward pass of training on an array.
  public func forward(
    _ input: [Float], updating weights: inout Weights, noise: RandomStream? = nil
  ) throws(NeuralNetworkError) {
    let failure = input.withUnsafeBufferPointer { buffer in
      caught { () throws(NeuralNetworkError) in try forward(buffer, updating: &weights, noise: noise) }
    }
    if let failure { throw failure }
  }

  /// The gradient of the loss by every trainable parameter, from `outputGradients` and the last forward pass.
  ///
  /// It uses the memory of that pass up: one backward pass for each forward pass.
  /// - Parameters:
  ///   - weights: The parameters of that forward pass.
  ///   - gradient: `table.trainableCount` values; overwritten, or added to where `accumulating`.
  public func backward(
    _ weights: Weights, into gradient: inout [Float], accumulating: Bool = false
  ) throws(NeuralNetworkError) {
    guard mode == .training else { throw .wrongMode(operation: "backward", mode: "training") }
    guard isAwaitingBackward else {
      throw .wrongMode(operation: "backward", mode: "training after a forward pass of its own")
    }
    isAwaitingBackward = false
    try check(weights)
    guard gradient.count == table.trainableCount else {
      throw .parameterMismatch(
        name: "gradient", expected: "\(table.trainableCount) values", found: "\(gradient.count)")
    }
    nn_set_threads(Int32(threads))
    let failed = weights.values.withUnsafeBufferPointer { values -> NeuralNetworkError? in
      guard let base = values.baseAddress else { return nil }
      return caught { () throws(NeuralNetworkError) in
        try withBase(&gradient) { slope throws(NeuralNetworkError) in
          // A backward pass reads the parameters and writes none.
          let execution = Execution(
            weights: UnsafeMutablePointer(mutating: base), gradient: slope, isAccumulating: accumulating)
          for operation in operations.reversed() {
            try operation.backwardTime.count { () throws(NeuralNetworkError) in
              try operation.backward(execution)
            }
          }
        }
      }
    }
    if let failed { throw failed }
  }

  /// Where the time of the passes since `resetTimes` went, in the order of the forward pass.
  public var operationTimes: [OperationTime] { operations.map(\.time) }

  /// Seconds spent in oneDNN's convolutions since `resetTimes`.
  public var convolutionSeconds: Double {
    operationTimes.reduce(0) { $1.kernels.reduce($0) { $0 + $1.seconds } }
  }

  /// Begin to count times anew.
  public func resetTimes() { for operation in operations { operation.resetTime() } }

  private func run(
    _ input: UnsafeBufferPointer<Float>, weights: UnsafeMutablePointer<Float>, noise: RandomStream?,
    active: ActiveBlocks? = nil
  ) throws(NeuralNetworkError) {
    let count = inputShape.reduce(1, *)
    guard input.count == count, let source = input.baseAddress else {
      throw .inputCount(expected: count, found: input.count)
    }
    nn_set_threads(Int32(threads))
    inputPlanes.update(from: source, count: count)
    let execution = Execution(weights: weights, noise: noise, active: active)
    for operation in operations {
      try operation.forwardTime.count { () throws(NeuralNetworkError) in try operation.forward(execution) }
    }
  }

  private func check(_ weights: Weights) throws(NeuralNetworkError) {
    guard weights.table == table else {
      throw .parameterMismatch(
        name: "weights", expected: "\(table.parameters.count) parameters of the network compiled",
        found: "\(weights.table.parameters.count) of another")
    }
  }
}

/// The error a closure throws; closures of the standard library's buffer functions cannot carry its type.
private func caught(_ body: () throws(NeuralNetworkError) -> Void) -> NeuralNetworkError? {
  do throws(NeuralNetworkError) {
    try body()
    return nil
  } catch { return error }
}

private func withBase(
  _ values: inout [Float], _ body: (UnsafeMutablePointer<Float>) throws(NeuralNetworkError) -> Void
) throws(NeuralNetworkError) {
  let failed = values.withUnsafeMutableBufferPointer { buffer -> NeuralNetworkError? in
    guard let base = buffer.baseAddress else { return nil }
    return caught { () throws(NeuralNetworkError) in try body(base) }
  }
  if let failed { throw failed }
}

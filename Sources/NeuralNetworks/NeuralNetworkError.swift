/// What can go wrong with a network, its weights, its plan or its training.
public enum NeuralNetworkError: Error, Sendable, Equatable {
  /// A layer cannot be computed for the input shape asked for.
  case shape(layer: String, reason: String)
  /// The plan would need more memory than the machine has free.
  case memory(neededBytes: Int, availableBytes: Int)
  /// A buffer or weights value does not belong to this network.
  case parameterMismatch(name: String, expected: String, found: String)
  /// A number of values other than the plan was compiled for.
  case inputCount(expected: Int, found: Int)
  /// The plan was compiled for another mode.
  case wrongMode(operation: String, mode: String)
  /// oneDNN refused an operation.
  case library(operation: String, status: Int)
}

extension NeuralNetworkError: CustomStringConvertible {
  /// One line: what is wrong, found against expected, what to do.
  public var description: String {
    switch self {
    case .shape(let layer, let reason): "\(layer): \(reason)"
    case .memory(let needed, let available):
      "the plan needs \(needed >> 20) MiB, \(available >> 20) MiB are free: take a smaller patch, batch or width"
    case .parameterMismatch(let name, let expected, let found):
      "\(name): expected \(expected), found \(found)"
    case .inputCount(let expected, let found):
      "input of \(found) values given to a plan compiled for \(expected): compile for this shape"
    case .wrongMode(let operation, let mode): "\(operation) needs a plan compiled for \(mode)"
    case .library(let operation, let status): "oneDNN cannot do \(operation) (status \(status))"
    }
  }
}

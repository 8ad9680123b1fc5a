import Numerics

/// How gradients become steps. Weight decay acts on weights of rank 2 and more (convolutions, dense layers), not on biases
/// and the parameters of normalisations.
public enum OptimizerAlgorithm: Hashable, Sendable, Codable {
  /// Adaptive moments, with or without decoupled weight decay.
  case adam(Adam)
  /// Stochastic gradient descent with momentum.
  case sgd(SGD)
  /// Orthogonalised momentum for matrices, AdamW for the rest.
  case muon(Muon)
}

/// An optimiser with its state: one fused pass over the flat array of parameters.
///
/// Every parameter's result depends on its own entries only (Muon: on its own matrix), so any number of threads gives the
/// same bytes.
public struct Optimizer: Sendable {
  /// The method and its constants.
  public let algorithm: OptimizerAlgorithm
  /// Moments and step count; assign a saved one to continue a training.
  public var state: OptimizerState {
    get { kept }
    set {
      precondition(newValue.moments.map(\.count) == kept.moments.map(\.count), "a state of this optimiser")
      kept = newValue
    }
  }
  /// Steps change it in place: an observer that looks at old values would make every step copy all moments.
  private var kept: OptimizerState
  private let slices: [ParameterSlice]
  private let matrices: [ParameterMatrix]

  /// An optimiser at step 0 for the trainable parameters of `table`.
  public init(_ algorithm: OptimizerAlgorithm, for table: ParameterTable) {
    self.algorithm = algorithm
    let moments: Int
    switch algorithm {
    case .adam:
      moments = 2
      matrices = []
    case .sgd:
      moments = 1
      matrices = []
    case .muon(let muon):
      moments = 2
      matrices = muon.matrices(of: table)
    }
    let taken = Set(matrices.map(\.range.lowerBound))
    slices = ParameterSlice.slices(of: table) { !taken.contains($0.lowerBound) }
    kept = OptimizerState(
      steps: 0, moments: Array(repeating: [Float](repeating: 0, count: table.trainableCount), count: moments))
  }

  /// Change `weights` by one step against `gradient` times `gradientScale` (below 1 where it is clipped).
  public mutating func step(
    _ weights: inout Weights, gradient: [Float], learningRate: Double, gradientScale: Double = 1
  ) {
    precondition(
      gradient.count == weights.table.trainableCount && gradient.count == kept.moments[0].count,
      "a gradient of this network")
    kept.steps += 1
    let (steps, algorithm, slices, matrices) = (kept.steps, algorithm, slices, matrices)
    weights.values.withUnsafeMutableBufferPointer { values in
      gradient.withUnsafeBufferPointer { gradient in
        kept.withMoments { first, second in
          let update = ParameterUpdate(
            values: values, gradient: gradient, first: first, second: second, step: steps,
            learningRate: learningRate,
            gradientScale: Float(gradientScale))
          switch algorithm {
          case .adam(let adam): adam.apply(update, to: slices)
          case .sgd(let sgd): sgd.apply(update, to: slices)
          case .muon(let muon):
            muon.apply(update, to: matrices)
            muon.others.apply(update, to: slices)
          }
        }
      }
    }
  }
}

/// What an optimiser remembers.
public struct OptimizerState: Sendable, Equatable {
  /// Steps made.
  public var steps: Int
  /// Flat arrays like the trainable parameters: Adam's first and second moments; momentum; Muon's momentum in the first.
  public var moments: [[Float]]

  /// The state given.
  public init(steps: Int, moments: [[Float]]) {
    self.steps = steps
    self.moments = moments
  }

  /// Call `body` with the address of the first moment, and of the second where there is one.
  fileprivate mutating func withMoments(
    _ body: (UnsafeMutableBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    var second = moments.count > 1 ? moments.removeLast() : []
    second.withUnsafeMutableBufferPointer { second in
      moments[0].withUnsafeMutableBufferPointer { first in body(first, second) }
    }
    if !second.isEmpty { moments.append(second) }
  }
}

import Foundation
import Numerics

/// A network in training: forward, losses at its outputs, backward, clipping, optimiser, schedule and averaging, in one step.
///
/// Knows nothing of images. Two trainers with the same network, settings, seed and inputs have the same weights, byte for
/// byte, on the same machine with the same number of threads; so does one continued from a ``Checkpoint``.
public final class Trainer {
  /// How steps are made.
  public struct Settings: Hashable, Sendable, Codable {
    /// The optimiser.
    public var algorithm: OptimizerAlgorithm
    /// The highest learning rate.
    public var learningRate: Double
    /// The learning rate over the training.
    public var schedule: LearningRateSchedule
    /// A further factor that shrinks when validation scores no longer fall.
    public var plateau: PlateauSchedule?
    /// Steps of the whole training.
    public var steps: Int
    /// Largest norm of the gradient; longer ones are shortened to it.
    public var gradientLimit: Double?
    /// Decay of the weight average; nil keeps none.
    public var averageDecay: Double?

    /// Adam at a constant rate; everything else is off.
    public init(learningRate: Double, steps: Int) {
      algorithm = .adam(Adam())
      self.learningRate = learningRate
      schedule = .constant
      self.steps = steps
    }
  }

  /// One term of a loss, with its weight in the sum already applied.
  public struct Term: Hashable, Sendable, Codable {
    /// What it measures.
    public let name: String
    /// Its share of the loss.
    public let value: Double

    /// A named term.
    public init(_ name: String, _ value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// What happened in a step.
  public struct Report: Hashable, Sendable, Codable {
    /// The step's number, 1 = first.
    public let step: Int
    /// The terms of the loss before the step.
    public let terms: [Term]
    /// Norm of the gradient before clipping.
    public let gradientNorm: Double
    /// The learning rate used.
    public let learningRate: Double
    /// The sum of the terms.
    public var loss: Double { terms.reduce(0) { $0 + $1.value } }
  }

  /// The network.
  public let network: Network
  /// How steps are made.
  public let settings: Settings
  /// The weights now.
  public private(set) var weights: Weights
  /// The averaged weights, where they are kept.
  public private(set) var average: WeightAverage?
  /// Step, epoch, best score and random streams.
  public private(set) var progress: Checkpoint.Progress
  private var optimizer: Optimizer
  package private(set) var gradient: [Float]
  private let plans: [Plan]

  /// A trainer at its first step, with weights drawn from `seed`.
  ///
  /// - Parameters:
  ///   - passes: Forward passes per step through the same weights; 2 for siamese training.
  ///   - inputShape: N C D H W or N C H W of one pass.
  public init(
    _ network: Network, inputShape: [Int], passes: Int = 1, precision: Plan.Precision, settings: Settings,
    seed: UInt64
  ) throws(NeuralNetworkError) {
    self.network = network
    self.settings = settings
    weights = network.initialWeights(seed: seed)
    average = settings.averageDecay.map { [weights] in WeightAverage(weights, decay: $0) }
    progress = Checkpoint.Progress(seed: seed, algorithm: settings.algorithm, plateau: settings.plateau)
    optimizer = Optimizer(settings.algorithm, for: network.table)
    gradient = [Float](repeating: 0, count: network.table.trainableCount)
    var plans: [Plan] = []
    for _ in 0..<passes {
      plans.append(try network.compile(inputShape: inputShape, mode: .training, precision: precision))
    }
    self.plans = plans
  }

  /// Bytes of the plans' own memory.
  public var memoryBytes: Int { plans.reduce(0) { $0 + $1.memoryBytes } }

  /// Begin with other weights, such as published ones.
  public func start(from weights: Weights) {
    precondition(weights.table == network.table, "weights of this network")
    self.weights = weights
    if let decay = settings.averageDecay { average = WeightAverage(weights, decay: decay) }
  }

  /// Continue where `checkpoint` was taken.
  /// - Throws: ``TrainingError/otherOptimizer(expected:found:)`` where it was made with another optimiser.
  public func resume(from checkpoint: Checkpoint) throws(TrainingError) {
    guard checkpoint.progress.algorithm == settings.algorithm else {
      throw .otherOptimizer(
        expected: "\(settings.algorithm)", found: "\(checkpoint.progress.algorithm)")
    }
    start(from: checkpoint.weights)
    progress = checkpoint.progress
    optimizer.state = checkpoint.optimizer
    average = checkpoint.average ?? average
  }

  /// Everything needed to continue from here; `notes` travel along.
  public func checkpoint(notes: [String: String] = [:]) -> Checkpoint {
    Checkpoint(
      progress: progress, weights: weights, optimizer: optimizer.state, average: average, notes: notes)
  }

  /// One step on `inputs`, one for each pass.
  ///
  /// `loss` reads `outputs` of the plans and writes the derivatives to their `outputGradients`, which are zero before; it
  /// returns the terms of the loss. ``Plan/apply(_:to:target:weight:)`` does both for one output.
  /// - Throws: ``TrainingError/diverged(term:step:learningRate:)`` before anything but running statistics changed;
  ///   `NeuralNetworkError`; what `loss` throws.
  @discardableResult
  public func step(_ inputs: [[Float]], loss: ([Plan]) throws -> [Term]) throws -> Report {
    precondition(inputs.count == plans.count, "an input for each pass")
    let rate =
      settings.learningRate * settings.schedule.factor(step: progress.step, of: settings.steps)
      * (progress.plateau?.factor ?? 1)
    for (index, (plan, input)) in zip(plans, inputs).enumerated() {
      let noise = RandomStream(
        seed: progress.seed, purpose: "training/noise", indices: progress.step, index)
      try plan.forward(input, updating: &weights, noise: noise)
      for output in plan.outputGradients { output.values.update(repeating: 0) }
    }
    let terms = try loss(plans)
    func diverged(_ term: String) -> TrainingError {
      .diverged(term: term, step: progress.step + 1, learningRate: rate)
    }
    if let term = terms.first(where: { !$0.value.isFinite }) { throw diverged(term.name) }
    for (index, plan) in plans.enumerated() {
      try plan.backward(weights, into: &gradient, accumulating: index > 0)
    }
    let norm = GradientClipping.norm(gradient)
    guard norm.isFinite else { throw diverged("gradient") }
    let scale = settings.gradientLimit.map { GradientClipping.scale(norm: norm, limit: $0) } ?? 1
    optimizer.step(&weights, gradient: gradient, learningRate: rate, gradientScale: scale)
    average?.update(with: weights)
    progress.step += 1
    return Report(step: progress.step, terms: terms, gradientNorm: norm, learningRate: rate)
  }

  /// Record the validation score after an epoch, smaller is better; true where it is the best so far.
  public func completeEpoch(score: Double?) -> Bool {
    progress.epoch += 1
    guard let score, score.isFinite else { return false }
    progress.plateau?.update(score: score)
    guard score < progress.bestScore ?? .infinity else { return false }
    progress.bestScore = score
    return true
  }
}

extension Plan {
  /// Evaluate `loss` at one output: its derivatives times `weight` replace the output's gradient; returns the value times
  /// `weight`.
  /// - Parameter target: As many values as the output has.
  public func apply(_ loss: some Loss, to output: Int, target: [Float], weight: Double = 1) -> Double {
    let (prediction, slopes) = (outputs[output], outputGradients[output].values)
    precondition(target.count == prediction.values.count, "a target of the output's shape")
    let value = target.withUnsafeBufferPointer {
      loss.evaluate(
        UnsafeBufferPointer(prediction.values), target: $0, shape: prediction.shape, gradient: slopes)
    }
    if weight != 1 {
      for i in slopes.indices { slopes[i] *= Float(weight) }
    }
    return weight * value
  }
}

/// Why a training stops.
public enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A loss or the gradient became infinite or not a number.
  case diverged(term: String, step: Int, learningRate: Double)
  /// A checkpoint was made with another optimiser.
  case otherOptimizer(expected: String, found: String)

  /// One line: what happened, and what to do.
  public var description: String {
    switch self {
    case .diverged(let term, let step, let learningRate):
      "\(term) is not finite at step \(step), learning rate \(learningRate): continue from the last checkpoint with a "
        + "lower rate"
    case .otherOptimizer(let expected, let found):
      "the checkpoint was made with \(found), the settings say \(expected): use the same, or start a new training"
    }
  }
}

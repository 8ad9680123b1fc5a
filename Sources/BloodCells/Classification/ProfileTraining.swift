import Foundation
import NeuralNetworks
import Numerics

/// How a ``ProfileClassifier`` is trained, as a value.
public struct ProfileTraining: Sendable, Hashable, Codable {
  /// How many networks, each from its own random weights and in its own order of cells.
  public var members = 4
  /// Channels of the hidden layer.
  public var hidden = 256
  /// Passes over the training cells.
  public var epochs = 30
  /// Cells a step.
  public var batch = 128
  /// The highest learning rate of AdamW: a tenth of the steps up to it, then half a cosine to nothing.
  public var learningRate = 2e-3
  /// Decoupled weight decay.
  public var weightDecay = 0.05
  /// Label smoothing ε of the cross-entropy.
  public var labelSmoothing = 0.02
  /// All random numbers follow from it.
  public var seed: UInt64 = 1

  /// A training with the defaults.
  public init() {}

  /// Train on `samples`, whose types are places in `types`.
  /// - Parameters:
  ///   - taught: Cells without labels that a teacher typed; as many of them are in a step as labelled ones, where there are any.
  ///   - onMember: Called after every network with how many are done; an error it throws ends the training.
  /// - Returns: The networks; their share is one half until it is chosen (``CellClassifier/joining(_:choosingShareOn:)``).
  /// - Throws: ``CellModelError/unusableLabels(reason:)`` where a type has no cell; `NeuralNetworkError`; `TrainingError`.
  public func run(
    on samples: [CellSample], taught: [TaughtCell] = [], types: [String], onMember: (Int) throws -> Void
  ) throws -> ProfileClassifier {
    let counts = types.indices.map { type in samples.count { $0.type == type } }
    if let missing = counts.firstIndex(of: 0) {
      throw CellModelError.unusableLabels(
        reason: "no training cell is of the type \(types[missing]); leave the type out or add slides")
    }
    let inputs = samples.map(\.input) + taught.map(\.input)
    let (means, scales) = Self.standardization(inputs)
    let rows = inputs.map { ProfileClassifier.standardized([$0.profile], means, scales) }
    let targets =
      samples.map { sample in types.indices.map { $0 == sample.type ? 1 : 0 as Float } }
      + taught.map(\.probabilities)
    let design = ProfileClassifier.Design(hidden: hidden, members: members, share: 0.5)
    let weights = try (0..<members).map { member in
      let weights = try train(
        member, design.network(types: types.count), rows, targets, counts, taught: taught)
      try onMember(member + 1)
      return weights
    }
    return ProfileClassifier(design: design, means: means, scales: scales, members: weights)
  }

  private func train(
    _ member: Int, _ network: Network, _ rows: [[Float]], _ targets: [[Float]], _ counts: [Int],
    taught: [TaughtCell]
  ) throws -> Weights {
    let labelled = rows.count - taught.count
    let share = min(batch, labelled)
    let stepsPerEpoch = labelled / share
    let batch = taught.isEmpty ? share : 2 * share
    var settings = Trainer.Settings(learningRate: learningRate, steps: epochs * stepsPerEpoch)
    settings.algorithm = .adam(Adam(weightDecay: weightDecay))
    settings.schedule = .warmUp(steps: max(1, epochs * stepsPerEpoch / 10), then: .cosine(floor: 0))
    let own = seed &+ UInt64(member)
    let trainer = try Trainer(
      network, inputShape: [batch, CellProfile.count, 1, 1], precision: .f32, settings: settings, seed: own)
    let loss = ImbalanceMethod.none.loss(counts: counts, labelSmoothing: labelSmoothing, share: 0)
    for epoch in 0..<epochs {
      var stream = RandomStream(seed: own, purpose: "cells/profiles", indices: epoch)
      let order = Array(0..<labelled).shuffled(using: &stream)
      for step in 0..<stepsPerEpoch {
        let chosen =
          order[step * share..<(step + 1) * share]
          + taught.drawn(batch - share, using: &stream).map { labelled + $0 }
        let target = chosen.flatMap { targets[$0] }
        try trainer.step([chosen.flatMap { rows[$0] }]) { plans in
          [.init("loss", plans[0].apply(loss, to: 0, target: target))]
        }
      }
    }
    return trainer.weights
  }

  /// Mean of each number, and one over its standard deviation.
  private static func standardization(_ cells: [CellInput]) -> (means: [Float], scales: [Float]) {
    var sums = [Double](repeating: 0, count: CellProfile.count)
    var squares = sums
    for cell in cells {
      for (index, value) in cell.profile.values.enumerated() {
        sums[index] += Double(value)
        squares[index] += Double(value) * Double(value)
      }
    }
    let count = Double(cells.count)
    let means = sums.map { $0 / count }
    let scales = zip(squares, means).map { square, mean in
      Float(1 / (max(0, square / count - mean * mean).squareRoot() + 1e-4))
    }
    return (means.map { Float($0) }, scales)
  }
}

extension CellClassifier {
  /// The classifier with `profiles` beside its network, with the share, in steps of a twentieth, and the temperature that have the least
  /// cross-entropy on cells that neither was trained on.
  public func joining(
    _ profiles: ProfileClassifier, choosingShareOn samples: [CellSample]
  ) throws -> CellClassifier {
    let inputs = samples.map(\.input)
    let types = samples.map(\.type)
    var result = self
    result.profiles = nil
    let pictures = try result.logits(of: inputs, precision: .automatic)
    let rows = profiles.logProbabilities(of: inputs.map(\.profile))
    result.profiles = profiles
    var least = Double.infinity
    for step in 0...20 where !samples.isEmpty {
      let share = Double(step) / 20
      let joined = Self.joined(pictures, rows, share: share)
      let temperature = calibratedTemperature(logits: joined, types: types)
      let loss = zip(joined, types).reduce(0) {
        $0 - log(max(1e-300, BloodCells.probabilities(of: $1.0, temperature: temperature)[$1.1]))
      }
      if loss < least {
        least = loss
        result.profiles?.design.share = share
        result.design.temperature = temperature
      }
    }
    return result
  }

  /// Log probabilities of both, weighed.
  static func joined(_ logits: [[Double]], _ profiles: [[Double]], share: Double) -> [[Double]] {
    zip(logits, profiles).map { logits, profile in
      zip(ProfileClassifier.logProbabilities(logits), profile).map { (1 - share) * $0 + share * $1 }
    }
  }
}

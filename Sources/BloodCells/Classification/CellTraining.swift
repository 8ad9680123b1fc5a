import Foundation
import NeuralNetworks
import Numerics

/// How a classifier of cells is trained, as a value.
public struct CellTraining: Sendable, Hashable, Codable {
  /// The network.
  public var network: CellNetwork
  /// What is done about rare types.
  public var imbalance = ImbalanceMethod.none
  /// Pixels along each side of the pictures, within ``inputSides``.
  public var inputSide = CellImage.inputSide
  /// Passes over the training cells.
  public var epochs = 40
  /// Cells a step.
  public var batch = 64
  /// The highest learning rate of AdamW: one epoch up to it, then half a cosine to a hundredth.
  public var learningRate = 2e-3
  /// Decoupled weight decay.
  public var weightDecay = 0.05
  /// Label smoothing ε of the cross-entropies.
  public var labelSmoothing = 0.05
  /// Decay of the weight average, which is what is kept in the end.
  public var averageDecay = 0.995
  /// How much stain and light vary between the views of a cell, 1 about as much as slides do.
  public var colorVariation = 1.0
  /// How often the magnification is hidden from the network.
  public var hiddenMagnification = 0.25
  /// The share of a step's cells that have no label but a teacher's probabilities, where there are such cells.
  public var taughtShare = 0.5
  /// What activations are stored as.
  public var precision = Plan.Precision.automatic
  /// All random numbers follow from it.
  public var seed: UInt64 = 1

  /// A training of `network`; every other setting has its default.
  public init(network: CellNetwork) { self.network = network }

  /// The sides that pictures may have: from what the networks can halve five times to what fits into memory.
  public static let inputSides = 32...512

  /// What happened in an epoch.
  public struct Epoch: Sendable, Hashable, Codable {
    /// Its number, 1 = first.
    public let number: Int
    /// The mean loss of its steps.
    public let loss: Double
    /// The learning rate at its end.
    public let learningRate: Double
    /// Seconds it took.
    public let seconds: Double
  }

  /// Train on `samples`, whose types are places in `types`.
  ///
  /// - Parameters:
  ///   - taught: Cells without labels that a teacher typed; an epoch is a pass over the labelled ones all the same.
  ///   - start: The weights to begin with; nil for random ones.
  ///   - checkpoint: Where an earlier run of the same training stopped.
  ///   - onEpoch: Called after every epoch with a way to get a checkpoint; an error it throws ends the training.
  /// - Returns: The averaged weights, as they were after the last step.
  /// - Throws: ``CellModelError/unusableLabels(reason:)`` where a type has no cell; `TrainingError`;
  ///   `NeuralNetworkError`; what `onEpoch` throws.
  public func run(
    on samples: [CellSample], taught: [TaughtCell] = [], types: [String], start: Weights? = nil,
    from checkpoint: Checkpoint? = nil,
    onEpoch: (Epoch, () -> Checkpoint) throws -> Void
  ) throws -> Weights {
    var run = try CellTrainingRun(
      self, samples: samples, taught: taught, types: types, start: start, checkpoint: checkpoint)
    while run.epoch < epochs {
      let report = try run.nextEpoch()
      try onEpoch(report) { run.checkpoint() }
    }
    return run.weights
  }
}

/// A training at work.
struct CellTrainingRun {
  private let recipe: CellTraining
  private let samples: [CellSample]
  private let taught: [TaughtCell]
  /// Labelled and taught cells of a step.
  private let shares: (labelled: Int, taught: Int)
  private let counts: [Int]
  private let stepsPerEpoch: Int
  /// Values of one input.
  private let size: Int
  private let trainer: Trainer
  private var sampler: CellSampler
  private var input: [Float]
  private var target: [Float]

  /// Epochs done.
  var epoch: Int { trainer.progress.epoch }
  /// The averaged weights.
  var weights: Weights { trainer.average?.weights ?? trainer.weights }

  init(
    _ recipe: CellTraining, samples: [CellSample], taught: [TaughtCell], types: [String], start: Weights?,
    checkpoint: Checkpoint?
  ) throws {
    self.recipe = recipe
    self.samples = samples
    self.taught = taught
    counts = types.indices.map { type in samples.count { $0.type == type } }
    if let missing = counts.firstIndex(of: 0) {
      throw CellModelError.unusableLabels(
        reason: "no training cell is of the type \(types[missing]); leave the type out or add slides")
    }
    // Both kinds have a cell in every step at least.
    let wanted = taught.isEmpty ? 0 : max(1, Int(recipe.taughtShare * Double(recipe.batch)))
    shares = (max(1, min(recipe.batch - wanted, samples.count)), wanted)
    let batch = shares.labelled + shares.taught
    stepsPerEpoch = samples.count / shares.labelled
    var settings = Trainer.Settings(
      learningRate: recipe.learningRate, steps: recipe.epochs * stepsPerEpoch)
    settings.algorithm = .adam(Adam(weightDecay: recipe.weightDecay))
    settings.schedule = .warmUp(steps: stepsPerEpoch, then: .cosine(floor: 0.01))
    settings.gradientLimit = 5
    settings.averageDecay = recipe.averageDecay
    let side = recipe.inputSide
    size = CellInput.count(side: side)
    trainer = try Trainer(
      recipe.network.network(classes: types.count),
      inputShape: [batch, CellNetwork.channels, side, side], precision: recipe.precision,
      settings: settings, seed: recipe.seed)
    sampler = CellSampler(types: samples.map(\.type), classes: types.count)
    input = [Float](repeating: 0, count: batch * size)
    target = [Float](repeating: 0, count: batch * types.count)
    if let start { trainer.start(from: start) }
    if let checkpoint {
      try trainer.resume(from: checkpoint)
      sampler.restore(checkpoint.notes["losses"])
    }
  }

  /// Everything needed to go on.
  func checkpoint() -> Checkpoint { trainer.checkpoint(notes: ["losses": sampler.encodedLosses]) }

  /// Train for one epoch.
  mutating func nextEpoch() throws -> CellTraining.Epoch {
    let start = ContinuousClock.now
    let number = epoch
    let share = Double(number) / Double(recipe.epochs)
    let loss = recipe.imbalance.loss(
      counts: counts, labelSmoothing: recipe.labelSmoothing, share: share)
    var stream = RandomStream(seed: recipe.seed, purpose: "cells/epoch", indices: number)
    let order = sampler.epoch(exponent: recipe.imbalance.samplingExponent(share), using: &stream)
    let labelled = shares.labelled
    var (sum, rate) = (0.0, 0.0)
    for step in 0..<stepsPerEpoch {
      var chosen = Array(order[step * labelled..<(step + 1) * labelled])
      if recipe.imbalance == .hardSamples {
        chosen.replaceSubrange(0..<labelled / 2, with: sampler.hard(labelled / 2, using: &stream))
      }
      // Places behind those of the samples are those of taught cells.
      let unlabelled = taught.drawn(shares.taught, using: &stream).map { samples.count + $0 }
      fill(chosen + unlabelled, epoch: number, step: step)
      if recipe.imbalance == .mixup { mix(epoch: number, step: step, using: &stream) }
      let targets = target
      var losses: [Float] = []
      let report = try trainer.step([input]) { plans in
        losses = crossEntropies(plans[0].outputs[0].values, of: chosen)
        return [Trainer.Term("loss", plans[0].apply(loss, to: 0, target: targets))]
      }
      for (sample, value) in zip(chosen, losses) { sampler.record(value, of: sample) }
      sum += report.loss
      rate = report.learningRate
    }
    _ = trainer.completeEpoch(score: nil)
    return CellTraining.Epoch(
      number: number + 1, loss: sum / Double(stepsPerEpoch), learningRate: rate,
      seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  /// Inputs of `chosen`, each changed at random, and their targets: one-hot, or the teacher's.
  private mutating func fill(_ chosen: [Int], epoch: Int, step: Int) {
    let (samples, taught, recipe, classes, size) = (samples, taught, recipe, counts.count, size)
    input.withUnsafeMutableBufferPointer { input in
      nonisolated(unsafe) let input = input  // Each row is written by one thread.
      Parallel.forEach(chosen.indices) { row in
        var stream = RandomStream(seed: recipe.seed, purpose: "cells/augmentation", indices: epoch, step, row)
        let change = CellAugmentation(
          using: &stream, colors: Float(recipe.colorVariation),
          hidingMagnification: Float(recipe.hiddenMagnification))
        let place = row * size
        let cell = chosen[row]
        let shown = cell < samples.count ? samples[cell].input : taught[cell - samples.count].input
        shown.write(
          change, side: recipe.inputSide,
          to: UnsafeMutableBufferPointer(rebasing: input[place..<place + size]))
      }
    }
    for i in target.indices { target[i] = 0 }
    for (row, cell) in chosen.enumerated() {
      if cell < samples.count {
        target[row * classes + samples[cell].type] = 1
      } else {
        target.replaceSubrange(
          row * classes..<(row + 1) * classes, with: taught[cell - samples.count].probabilities)
      }
    }
  }

  /// Mixes every row with one of balanced types: shares 1 − λ and λ, λ from Beta(0.2, 1).
  private mutating func mix(epoch: Int, step: Int, using stream: inout RandomStream) {
    let classes = counts.count
    let rows = target.count / classes
    let (inputs, targets) = (input, target)
    let partners = (0..<rows).map { _ in sampler.draw(exponent: 0, using: &stream) }
    fill(partners, epoch: epoch, step: stepsPerEpoch + step)
    for row in 0..<rows {
      let share = Float(pow(stream.uniformDouble(), 5))
      func blend(_ values: inout [Float], _ own: [Float], _ width: Int) {
        for i in row * width..<(row + 1) * width { values[i] = own[i] + share * (values[i] - own[i]) }
      }
      blend(&input, inputs, size)
      blend(&target, targets, classes)
    }
  }

  /// The plain cross-entropy of every labelled row, from its logits.
  private func crossEntropies(_ logits: UnsafeMutableBufferPointer<Float>, of chosen: [Int]) -> [Float] {
    let classes = counts.count
    return chosen.enumerated().map { row, sample in
      let values = logits[row * classes..<(row + 1) * classes]
      let largest = values.max() ?? 0
      let total = values.reduce(0) { $0 + exp($1 - largest) }
      return largest + log(total) - values[row * classes + samples[sample].type]
    }
  }
}

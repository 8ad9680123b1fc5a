import Foundation
import Imaging
import NeuralNetworks

/// Trains a vessel network: steps, epochs, validation, checkpoints, in one folder.
///
/// `last.safetensors` is the checkpoint to go on from, `previous.safetensors` the one before, `best.safetensors` the model of
/// the best epoch so far, `history.csv` has a row for each epoch. Killed at any time and continued, it ends with the same
/// weights as one that was not.
public final class VesselTraining {
  /// What a training tells after each step, and is asked back.
  public struct Status: Sendable {
    /// The step just made, 1 = first, and the steps of the whole training.
    public let step: Int, steps: Int
    /// The loss before it.
    public let loss: Double
  }

  /// What may be done after a step.
  public enum Answer: Sendable {
    /// Go on.
    case proceed
    /// Write a checkpoint and stop.
    case stop
  }

  /// The settings.
  public let settings: VesselTrainingSettings
  /// The epochs so far.
  public private(set) var history: [TrainingEpoch] = []
  /// The model of the best epoch so far; nil before the first.
  public private(set) var bestEpoch: Int?
  /// What was odd about resuming.
  public private(set) var remarks: [String] = []
  private let trainer: Trainer
  private let folder: URL
  private var running = RunningMeans()

  /// A training at its first step.
  /// - Throws: `NeuralNetworkError` where the network does not fit into memory.
  public init(_ settings: VesselTrainingSettings, folder: URL, start: Weights? = nil) throws {
    self.settings = settings
    self.folder = folder
    var optimization = settings.optimization
    optimization.steps = settings.steps
    trainer = try Trainer(
      settings.design.network(), inputShape: settings.inputShape, precision: settings.precision,
      settings: optimization, seed: settings.seed)
    if let start { trainer.start(from: start) }
  }

  /// Bytes of the plan; of weights, gradient, moments and average, and of their copy while a checkpoint is written; of the
  /// batches that `threads` loader threads hold.
  public func memoryBytes(threads: Int) -> (plan: Int, weights: Int, batches: Int) {
    let voxels = settings.inputShape.reduce(1, *) * (1 + 2 * settings.outputs.count)
    return (
      trainer.memoryBytes, 40 * trainer.network.table.count, 8 * voxels * BatchLoader.depth(threads: threads)
    )
  }

  /// Steps made.
  public var step: Int { trainer.progress.step }

  /// The model now: averaged weights where an average is kept.
  public var model: VesselModel {
    VesselModel(
      design: settings.design, weights: trainer.average?.weights ?? trainer.weights,
      outputs: settings.outputs.map { VesselModel.Output($0) }, normalization: settings.normalization,
      notes: ["steps": "\(step)", "seed": "\(settings.seed)"])
  }

  /// Train to the end.
  ///
  /// - Parameters:
  ///   - batches: Makes the batch of a step.
  ///   - threads: How many threads make batches ahead; 0 for none.
  ///   - validate: Scores a model on the validation scans; nil where there are none.
  ///   - report: Told about each step.
  /// - Returns: Whether the training came to its end; false where `report` asked to stop.
  /// - Throws: `TrainingError.diverged`; what `validate` throws; errors of writing.
  public func run(
    batches: @escaping @Sendable (Int) -> TrainingBatch, threads: Int,
    validate: ((VesselModel) throws -> ValidationScore)?, report: (Status) -> Answer
  ) throws -> Bool {
    let loader = BatchLoader(steps: step..<settings.steps, threads: threads, make: batches)
    var epochStart = ContinuousClock.now
    while !isFinished, let batch = loader.next() {
      let made = try trainer.step([batch.images]) { plans in
        settings.objective.evaluate(plans[0], batch, step: step)
      }
      running.add(made)
      if step % settings.stepsPerEpoch == 0 {
        running.seconds += (ContinuousClock.now - epochStart) / .seconds(1)
        running.waitedSeconds += loader.waitedSeconds - running.countedWait
        running.countedWait = loader.waitedSeconds
        try completeEpoch(validate)
        epochStart = .now
      }
      if report(Status(step: step, steps: settings.steps, loss: made.loss)) == .stop, !isFinished {
        running.seconds += (ContinuousClock.now - epochStart) / .seconds(1)
        running.waitedSeconds += loader.waitedSeconds - running.countedWait
        try save()
        return false
      }
    }
    return true
  }

  /// Whether all epochs are done, or no progress was made for too long.
  public var isFinished: Bool {
    if step >= settings.steps { return true }
    guard let patience = settings.patience, let best = bestEpoch else { return false }
    let since = history.count { $0.validation != nil && $0.epoch > best }
    return step % settings.stepsPerEpoch == 0 && since >= patience
  }

  private func completeEpoch(_ validate: ((VesselModel) throws -> ValidationScore)?) throws {
    let number = step / settings.stepsPerEpoch
    let start = ContinuousClock.now
    var score: ValidationScore?
    if let validate, number % settings.validationInterval == 0 || step >= settings.steps {
      score = try validate(model)
    }
    let isBest = trainer.completeEpoch(score: score?.loss)
    running.seconds += (ContinuousClock.now - start) / .seconds(1)
    history.append(running.epoch(number, step: step, validation: score))
    running.reset()
    let isModel = settings.selection == .last || validate == nil || isBest || bestEpoch == nil
    if isModel {
      bestEpoch = number
      // Before the checkpoint that says so: a training killed in between writes the same file again.
      try model.write(to: folder.appendingPathComponent("best.safetensors"), type: .float32)
    }
    try save()
    try Data(HistoryTable.text(history).utf8).write(
      to: folder.appendingPathComponent("history.csv"), options: .atomic)
  }
}

// MARK: - Checkpoints

extension VesselTraining {
  private static let last = "last.safetensors"
  private static let previous = "previous.safetensors"

  /// What a checkpoint holds beside the trainer's state.
  private struct State: Codable {
    var settings: VesselTrainingSettings
    var history: [TrainingEpoch]
    var bestEpoch: Int?
    var running: RunningMeans
  }

  private func save() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let state = State(settings: settings, history: history, bestEpoch: bestEpoch, running: running)
    let checkpoint = trainer.checkpoint(
      notes: ["vessel-training": String(decoding: try encoder.encode(state), as: UTF8.self)])
    let (last, previous) = (
      folder.appendingPathComponent(Self.last), folder.appendingPathComponent(Self.previous)
    )
    if FileManager.default.fileExists(atPath: last.path) {
      // Kept until the new one is complete.
      guard rename(last.path, previous.path) == 0 else {
        throw VesselTrainingError.cannotKeep(last.path, reason: String(cString: strerror(errno)))
      }
    }
    try checkpoint.write(to: last)
  }

  /// Continue from the last checkpoint in the folder; false where there is none.
  /// - Throws: ``VesselTrainingError/otherSettings(_:differences:)``; errors of reading where no checkpoint is whole.
  public func resume() throws -> Bool {
    var failure: (any Error)?
    for name in [Self.last, Self.previous] {
      let url = folder.appendingPathComponent(name)
      guard FileManager.default.fileExists(atPath: url.path) else { continue }
      do {
        try resume(from: url)
        if let failure { remarks.append("\(failure) Went on from \(name).") }
        return true
      } catch let error as VesselTrainingError {
        throw error
      } catch {
        if failure == nil { failure = error }
      }
    }
    if let failure { throw failure }
    return false
  }

  private func resume(from url: URL) throws {
    let checkpoint = try Checkpoint(contentsOf: url, for: trainer.network.table)
    guard let text = checkpoint.notes["vessel-training"],
      let state = try? JSONDecoder().decode(State.self, from: Data(text.utf8))
    else { throw CheckpointError.damaged(file: url.path, field: "vessel-training") }
    let differences = try Self.differences(settings.lasting, state.settings.lasting)
    guard differences.isEmpty else {
      throw VesselTrainingError.otherSettings(url.path, differences: differences)
    }
    guard settings.epochs == state.settings.epochs || !settings.optimization.schedule.dependsOnLength else {
      throw VesselTrainingError.otherSettings(
        url.path,
        differences: ["epochs: \(state.settings.epochs) then, \(settings.epochs) now"])
    }
    try trainer.resume(from: checkpoint)
    (history, bestEpoch, running) = (state.history, state.bestEpoch, state.running)
    running.countedWait = 0
  }

  /// One phrase for each setting that differs.
  private static func differences(_ now: VesselTrainingSettings, _ then: VesselTrainingSettings) throws
    -> [String]
  {
    guard now != then else { return [] }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    let (a, b) = (try encoder.encode(then), try encoder.encode(now))
    let lines = [a, b].map { String(decoding: $0, as: UTF8.self).split(separator: "\n").map { String($0) } }
    let (old, new) = (Set(lines[0]), Set(lines[1]))
    let changes = lines[1].filter { !old.contains($0) }.map { "now \(tidy($0))" }
    return changes.isEmpty ? lines[0].filter { !new.contains($0) }.map { "then \(tidy($0))" } : changes
  }

  private static func tidy(_ line: String) -> String {
    line.replacingOccurrences(of: "\"", with: "").replacingOccurrences(of: ",", with: "")
      .trimmingCharacters(in: .whitespaces)
  }
}

/// Why a training cannot go on.
public enum VesselTrainingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The checkpoint was made with other settings.
  case otherSettings(String, differences: [String])
  /// The last checkpoint cannot be kept while the next one is written.
  case cannotKeep(String, reason: String)

  /// One line: the file, what is wrong, what to do.
  public var description: String {
    switch self {
    case .otherSettings(let file, let differences):
      "\(file): made with other settings: \(differences.prefix(6).joined(separator: "; ")). Use the same, or another folder."
    case .cannotKeep(let file, let reason):
      "\(file): cannot be renamed: \(reason)."
    }
  }
}

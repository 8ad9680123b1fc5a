import Foundation
import Logging
import Synchronization

/// How the network of a pipeline is trained, as a value: its stored properties are its parameters.
///
/// A pipeline names it under `train:`; `malpighi train` finds the cases and calls ``run(_:)``, and
/// `--set train.KEY=VALUE` changes its parameters.
public protocol Training: Parametrized {
  /// Whether every case must come with a label file; false where one table labels them all.
  static var needsLabelPerCase: Bool { get }
  /// Train on the cases of `context` and write weights, history and checkpoints into its folder.
  func run(_ context: TrainingContext) throws
}

extension Training {
  /// True.
  public static var needsLabelPerCase: Bool { true }
}

/// What a training sees of the world.
public struct TrainingContext: Sendable {
  /// The cases, sorted by id, each with its label.
  public let cases: [Case]
  /// The folder for weights (`model.safetensors`), `history.csv` and checkpoints. Write each file atomically.
  public let folder: URL
  /// Whether to go on from the last checkpoint in the folder.
  public let resumes: Bool
  /// The pipeline that is trained, for the parameters of its stages.
  public let pipeline: Pipeline

  let onProgress: @Sendable (Double, String) -> Void
  let onNote: @Sendable (String) -> Void
  let onWarning: @Sendable (String) -> Void

  /// A training of `pipeline` on `cases`.
  public init(
    cases: [Case], folder: URL, resumes: Bool, pipeline: Pipeline,
    onProgress: @escaping @Sendable (Double, String) -> Void = { _, _ in },
    onNote: @escaping @Sendable (String) -> Void = { _ in },
    onWarning: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.cases = cases
    self.folder = folder
    self.resumes = resumes
    self.pipeline = pipeline
    self.onProgress = onProgress
    self.onNote = onNote
    self.onWarning = onWarning
  }

  /// Say that `fraction` (0 to 1) is done. Does not throw: a training saves a checkpoint first, then calls
  /// ``checkInterruption()``.
  public func progress(_ fraction: Double, _ message: String) {
    onProgress(min(max(fraction, 0), 1), message)
  }

  /// Tell the user something worth a line that stays: the memory needed, the end of an epoch.
  public func note(_ text: String) { onNote(text) }

  /// Tell the user something odd that does not stop the training.
  public func warn(_ text: String) { onWarning(text) }

  /// Whether the user has asked to stop: save a checkpoint, then call ``checkInterruption()``.
  public var isInterrupted: Bool { Interruption.isRequested }

  /// Throws when the user has asked to stop.
  public func checkInterruption() throws {
    if Interruption.isRequested {
      throw PipelineError.interrupted(
        "\(folder.path): training interrupted. The same command with --resume goes on.")
    }
  }
}

import Foundation
import Logging
import Reports
import Synchronization

/// What a running stage sees of the world: the case, its inputs, the folder for its outputs, and where to say how far it
/// has come.
public struct StageContext: Sendable {
  /// The id of the case.
  public let caseID: String
  /// The name of the stage in the pipeline.
  public let stage: String
  /// Where the outputs go. Nobody sees this folder until the stage is done.
  public let folder: URL
  /// For notes to the developer; users see progress, warnings and errors.
  public let logger: Logger
  /// What earlier stages of the case recorded, in pipeline order: for reports.
  public let earlier: [StageRecord]
  /// The command's own name of the pipeline.
  public let pipeline: String

  let inputs: [String: URL]
  let onProgress: @Sendable (Double, String) -> Void
  let warnings = WarningList()

  package init(
    caseID: String, pipeline: String, stage: String, folder: URL, inputs: [String: URL],
    earlier: [StageRecord] = [], logger: Logger = Logger(label: "malpighi"),
    onProgress: @escaping @Sendable (Double, String) -> Void = { _, _ in }
  ) {
    self.caseID = caseID
    self.pipeline = pipeline
    self.stage = stage
    self.folder = folder
    self.inputs = inputs
    self.earlier = earlier
    self.logger = logger
    self.onProgress = onProgress
  }

  /// The file of a required input.
  public func input(_ name: String) throws -> URL {
    guard let url = inputs[name] else {
      throw PipelineError.internalFault(
        "stage \(stage): asks for the input '\(name)', which it does not declare")
    }
    return url
  }

  /// The file of an optional input, or nil.
  public func optionalInput(_ name: String) -> URL? { inputs[name] }

  /// Where to write the output `file`.
  public func output(_ file: String) -> URL {
    folder.appendingPathComponent(file, isDirectory: false)
  }

  /// Say that `fraction` (0 to 1) of the stage is done. Throws when the user has asked to stop; let the error through.
  public func progress(_ fraction: Double, _ message: String = "") throws {
    try checkInterruption()
    onProgress(min(max(fraction, 0), 1), message)
  }

  /// Throws when the user has asked to stop. Call it now and then in long work that has no progress to tell.
  public func checkInterruption() throws {
    if Interruption.isRequested {
      throw PipelineError.interrupted(
        "\(caseID): interrupted in stage \(stage). The same command resumes.")
    }
  }

  /// Whether the user has asked to stop, for loops that save a checkpoint first.
  public var isInterrupted: Bool { Interruption.isRequested }

  /// Tell the user something odd that does not stop the run; it is printed and recorded in `stage.json`.
  public func warn(_ text: String) { warnings.append(text) }
}

/// Warnings of one stage, gathered from any thread.
final class WarningList: Sendable {
  private let texts = Mutex<[String]>([])
  func append(_ text: String) { texts.withLock { $0.append(text) } }
  var all: [String] { texts.withLock { $0 } }
}

import Foundation
import Logging
import Numerics
import Reports

/// Runs the stages of one case, leaving out those whose inputs, parameters and outputs are unchanged.
public struct CaseRunner: Sendable {
  /// The pipeline.
  public let pipeline: Pipeline
  /// The folder that gets one folder a case.
  public let output: URL
  /// Whether to redo what is done.
  public var overwrites = false
  /// Whether a stage that warns of anything fails.
  public var isStrict = false
  /// The name of the only stage to run, or nil for all.
  public var onlyStage: String?
  /// Told what happens.
  public var onEvent: @Sendable (RunEvent) -> Void = { _ in }

  /// A runner of `pipeline` that writes into `output`.
  public init(pipeline: Pipeline, output: URL) {
    self.pipeline = pipeline
    self.output = output
  }

  /// The folder of the case called `id`.
  public func folder(of id: String) -> URL { output.appendingPathComponent(id, isDirectory: true) }

  /// Run `item`, write `case.json`, and return it. Throws what stopped it, after `case.json` says so too.
  @discardableResult
  public func run(_ item: Case) throws -> CaseRecord {
    let start = ContinuousClock.now
    if let onlyStage { _ = try pipeline.index(of: onlyStage) }
    try requireInputs(of: item)
    let caseFolder = folder(of: item.id)
    try makeFolder(caseFolder)
    let claim = try CaseClaim(in: caseFolder, id: item.id)
    defer { claim.release() }
    Leftovers.remove(fromClaimed: caseFolder)

    var record = CaseRecord(
      id: item.id, status: .done, exitCode: 0, error: nil, seconds: 0, metrics: [:], warnings: [],
      source: item, pipeline: pipeline.snapshot)
    var run = CaseRun(runner: self, item: item, caseFolder: caseFolder, claim: claim)
    do {
      try MemoryLimit.require(pipeline, for: item)
      try run.runStages()
      record.status = run.isComplete ? .done : .partial
      record.metrics = try run.metrics()
      record.warnings = run.warnings
      record.seconds = start.secondsAgo
      record.seal = run.seal
      try claim.requireHeld()
      try record.write(in: caseFolder)
      return record
    } catch {
      if case PipelineError.claimed = error { throw error }
      let status = ExitStatus(of: error)
      record.status = status == .interrupted ? .interrupted : .failed
      record.exitCode = status.rawValue
      record.error = ExitStatus.message(of: error)
      record.seconds = start.secondsAgo
      record.seal = run.seal
      // The first fault is the one to report, also where the record cannot be written either.
      try? record.write(in: caseFolder)
      throw error
    }
  }

  private func requireInputs(of item: Case) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: item.input.path, isDirectory: &isFolder) else {
      throw PipelineError.noInput(
        "\(item.input.path): no such \(pipeline.caseKind == .folder ? "folder" : "file")")
    }
    if isFolder.boolValue, pipeline.caseKind != .folder {
      throw PipelineError.badData(
        "\(item.input.path): a folder; \(pipeline.name) takes one file. Use 'malpighi batch' for a folder of files."
      )
    }
    guard isFolder.boolValue || isRegularFile(item.input) else {
      throw PipelineError.badData("\(item.input.path): not a regular file")
    }
    if let label = item.label, !FileManager.default.fileExists(atPath: label.path) {
      throw PipelineError.noInput("\(label.path): no such label")
    }
    let caseFolder = folder(of: item.id).standardizedFileURL.resolvingSymlinksInPath().path
    let input = item.input.standardizedFileURL.resolvingSymlinksInPath().path
    guard caseFolder != input, !caseFolder.hasPrefix(input + "/") else {
      throw PipelineError.usage(
        "--output \(output.path): the results of \(item.id) would be written into its own input folder. "
          + "Choose another folder.")
    }
  }
}

extension ContinuousClock.Instant {
  /// The seconds since then, rounded to milliseconds.
  var secondsAgo: Double {
    let parts = (ContinuousClock.now - self).components
    return (Double(parts.seconds) * 1000 + Double(parts.attoseconds) / 1e15).rounded() / 1000
  }
}

import Foundation
import Reports

/// What a worker process is told on its standard input, as one line of JSON.
public struct WorkerJob: Sendable, Codable {
  /// The pipeline with every parameter.
  public var pipeline: PipelineSnapshot
  /// The case.
  public var source: Case
  /// The folder of results.
  public var output: URL
  /// Whether to redo what is done.
  public var overwrites: Bool
  /// Whether a stage that warns of anything fails.
  public var isStrict: Bool
  /// The threads it may use.
  public var threads: Int
}

/// The other side of ``LocalBatch``: one case in a process of its own, so that its death is one failed case.
public enum Worker {
  /// Run `job`, telling every event as one line of JSON to `emit`.
  @discardableResult
  public static func run(
    _ job: WorkerJob, registry: StageRegistry, emit: @escaping @Sendable (Data) -> Void
  ) throws -> CaseRecord {
    var runner = CaseRunner(
      pipeline: try Pipeline(job.pipeline, registry: registry), output: job.output)
    runner.overwrites = job.overwrites
    runner.isStrict = job.isStrict
    let tell: @Sendable (RunEvent) -> Void = { event in
      let encoder = JSONEncoder()
      encoder.outputFormatting = .withoutEscapingSlashes
      // An event that cannot be written (a fraction that is not a number) is not worth a case.
      if let line = try? encoder.encode(event) { emit(line + Data("\n".utf8)) }
    }
    runner.onEvent = tell
    do { return try runner.run(job.source) } catch PipelineError.claimed(let text) {
      tell(.claimed(text: text))
      throw PipelineError.claimed(text)
    }
  }
}

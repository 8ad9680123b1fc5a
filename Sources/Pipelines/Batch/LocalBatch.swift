import Foundation
import Reports
import Subprocess
import SystemPackage

/// Runs the cases of a batch on this machine, each in a worker process of the same executable.
public struct LocalBatch: Sendable {
  /// What a batch tells while it works.
  public enum Event: Sendable {
    /// A case is handed to a worker.
    case started(id: String)
    /// The worker says something.
    case told(id: String, RunEvent)
    /// The case is over.
    case ended(CaseRecord)
  }

  /// The pipeline.
  public let pipeline: Pipeline
  /// The folder of results.
  public let output: URL
  /// The executable, which must understand `worker`.
  public let executable: URL
  /// How many cases at once.
  public let jobs: Int
  /// Threads of each worker.
  public let threadsPerJob: Int
  /// Whether to redo what is done.
  public var overwrites = false
  /// Told what happens, from one task at a time.
  public var onEvent: @Sendable (Event) -> Void = { _ in }

  /// A batch of `jobs` workers that share `threads` threads.
  public init(pipeline: Pipeline, output: URL, executable: URL, jobs: Int, threads: Int) throws {
    guard jobs >= 1 else { throw PipelineError.usage("--jobs \(jobs): at least 1 expected") }
    self.pipeline = pipeline
    self.output = output
    self.executable = executable
    self.jobs = jobs
    threadsPerJob = max(1, threads / jobs)
  }

  /// Run `cases`; a case that fails does not stop the others. After an interruption the rest is not started.
  public func run(_ cases: [Case]) async -> [CaseRecord] {
    await withTaskGroup(of: CaseRecord.self) { group in
      var waiting = cases.makeIterator()
      var records: [CaseRecord] = []
      func startNext() {
        guard !Interruption.isRequested, let next = waiting.next() else { return }
        onEvent(.started(id: next.id))
        group.addTask { await run(next) }
      }
      for _ in 0..<jobs { startNext() }
      while let record = await group.next() {
        records.append(record)
        onEvent(.ended(record))
        startNext()
      }
      return records
    }
  }

  // MARK: - One worker

  private func run(_ item: Case) async -> CaseRecord {
    let start = ContinuousClock.now
    let caseFolder = output.appendingPathComponent(item.id, isDirectory: true)
    do {
      let job = WorkerJob(
        pipeline: pipeline.snapshot, source: item, output: output, overwrites: overwrites,
        threads: threadsPerJob)
      let outcome = try await spawn(job)
      switch outcome.status {
      case .exited(let code):
        if let record = CaseRecord.read(in: caseFolder), record.exitCode == Int(code) {
          return record
        }
        let text =
          outcome.lastWords.isEmpty ? "the worker ended with code \(code)" : outcome.lastWords
        return failed(item, exitCode: Int(code), text, start, record: false)
      case .signaled(let signal):
        let hint =
          signal == SIGKILL ? "; the machine may have run out of memory, try fewer --jobs" : ""
        let words = outcome.lastWords.isEmpty ? "" : ": \(outcome.lastWords)"
        return failed(
          item, exitCode: ExitStatus.internalFault.rawValue,
          "\(item.id): the worker was killed by signal \(signal)\(hint)\(words)", start,
          record: true)
      }
    } catch {
      return failed(
        item, exitCode: ExitStatus.internalFault.rawValue,
        "\(item.id): the worker could not be started: \(error)", start, record: true)
    }
  }

  private func failed(
    _ item: Case, exitCode: Int, _ text: String, _ start: ContinuousClock.Instant,
    record isNews: Bool
  ) -> CaseRecord {
    let isInterrupted = exitCode == ExitStatus.interrupted.rawValue
    let record = CaseRecord(
      id: item.id, status: isInterrupted ? .interrupted : .failed, exitCode: exitCode, error: text,
      seconds: start.secondsAgo, metrics: [:], warnings: [], source: item,
      pipeline: pipeline.snapshot)
    // Where the ledger cannot be written the row of the summary still tells.
    if isNews { try? record.write(in: output.appendingPathComponent(item.id, isDirectory: true)) }
    return record
  }

  private func spawn(_ job: WorkerJob) async throws -> (
    status: TerminationStatus, lastWords: String
  ) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    let line = try encoder.encode(job) + Data("\n".utf8)
    let onEvent = onEvent
    let id = job.source.id
    let threads = String(job.threads)
    let result = try await Subprocess.run(
      .path(FilePath(executable.path)), arguments: ["worker"],
      environment: .inherit.updating(["OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads]),
      input: .inputWriter, output: .sequence, error: .string(limit: 1 << 20)
    ) { execution in
      // The worker takes the end of its input for the death of this process, so the input stays open.
      _ = try await execution.standardInputWriter.write([UInt8](line))
      let stopping = Task {
        while !Task.isCancelled, !Interruption.isRequested {
          try await Task.sleep(for: .milliseconds(50))
        }
        if !Task.isCancelled { try execution.send(signal: .terminate) }
      }
      defer { stopping.cancel() }
      for try await text in execution.standardOutput.strings() {
        if let event = try? JSONDecoder().decode(RunEvent.self, from: Data(text.utf8)) {
          onEvent(.told(id: id, event))
        }
      }
      try await execution.standardInputWriter.finish()
    }
    let words = result.standardError.split(separator: "\n").last.map(String.init) ?? ""
    return (
      result.terminationStatus, words.hasPrefix("error: ") ? String(words.dropFirst(7)) : words
    )
  }
}

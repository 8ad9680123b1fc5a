import Foundation
import Reports
import Subprocess
import Synchronization
import SystemPackage

/// Runs the cases of a batch on this machine, each in a worker process of the same executable.
public struct LocalBatch: Sendable {
  /// What a batch tells while it works.
  public enum Event: Sendable {
    /// A case is handed to a worker.
    case started(id: String)
    /// The worker says something.
    case told(id: String, RunEvent)
    /// Another batch works on these; they are waited for.
    case waiting(ids: [String])
    /// The case is over, or was before.
    case ended(BatchSummary.Row, isNews: Bool)
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
  /// Whether to try again what failed for what its files hold, although they have not changed.
  public var retriesFailures = false
  /// Whether a stage that warns of anything fails.
  public var isStrict = false
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

  /// Run `cases`, and return one row each in their order. A case that fails does not stop the others. After an
  /// interruption the rest is not started and has no row. A case that another batch works on is waited for.
  public func run(_ cases: [Case]) async -> [BatchSummary.Row] {
    var rows: [BatchSummary.Row] = []
    var open: [Case] = []
    let entries = overwrites ? cases.map { _ in .open } : ledger.entries(of: cases)
    for (item, entry) in zip(cases, entries) {
      switch entry {
      case .current(let row): rows.append(row)
      case .lastingFailure(let row) where !retriesFailures: rows.append(row)
      case .open, .lastingFailure: open.append(item)
      }
    }
    for row in rows { onEvent(.ended(row, isNews: false)) }
    while !open.isEmpty, !Interruption.isRequested {
      let (done, claimed) = await work(on: open)
      rows += done
      open = claimed
      guard !open.isEmpty else { break }
      onEvent(.waiting(ids: open.map(\.id)))
      await pause(while: open)
    }
    return rows.sorted { $0.id < $1.id }
  }

  private var ledger: Ledger { Ledger(output: output, pipeline: pipeline) }

  /// Run `cases`, and tell which of them others work on.
  private func work(on cases: [Case]) async -> (rows: [BatchSummary.Row], claimed: [Case]) {
    await withTaskGroup(of: (Case, BatchSummary.Row?).self) { group in
      var waiting = cases.makeIterator()
      var rows: [BatchSummary.Row] = []
      var claimed: [Case] = []
      func startNext() {
        while !Interruption.isRequested, let next = waiting.next() {
          if isClaimed(next) {
            claimed.append(next)
            continue
          }
          onEvent(.started(id: next.id))
          group.addTask { (next, await run(next)) }
          return
        }
      }
      for _ in 0..<jobs { startNext() }
      while let (item, row) = await group.next() {
        if let row {
          rows.append(row)
          onEvent(.ended(row, isNews: true))
        } else {
          claimed.append(item)
        }
        startNext()
      }
      return (rows, claimed)
    }
  }

  private func isClaimed(_ item: Case) -> Bool {
    let claim = CaseClaim.holder(in: output.appendingPathComponent(item.id, isDirectory: true))
    return claim.map { !$0.holder.isGone(secondsSilent: $0.secondsSilent) } ?? false
  }

  /// Wait until one of `cases` is given back.
  private func pause(while cases: [Case]) async {
    repeat {
      try? await Task.sleep(for: .milliseconds(500))
    } while !Interruption.isRequested
      && cases.allSatisfy(isClaimed)
  }

  // MARK: - One worker

  /// The row of a case, or nil where another process works on it.
  private func run(_ item: Case) async -> BatchSummary.Row? {
    let start = ContinuousClock.now
    let caseFolder = output.appendingPathComponent(item.id, isDirectory: true)
    do {
      let job = WorkerJob(
        pipeline: pipeline.snapshot, source: item, output: output, overwrites: overwrites,
        isStrict: isStrict, threads: threadsPerJob)
      let outcome = try await spawn(job)
      if outcome.isClaimed { return nil }
      switch outcome.status {
      case .exited(let code):
        if let record = CaseRecord.read(in: caseFolder), record.exitCode == Int(code),
          record.source.isSame(as: item)
        {
          return BatchSummary.Row(record)
        }
        let text =
          outcome.lastWords.isEmpty ? "\(item.id): the worker ended with code \(code)" : outcome.lastWords
        return failed(item, exitCode: Int(code), text, start)
      case .signaled(let signal):
        let hint =
          signal == SIGKILL ? "; the machine may have run out of memory, try fewer --jobs" : ""
        let words = outcome.lastWords.isEmpty ? "" : ": \(outcome.lastWords)"
        return failed(
          item, exitCode: ExitStatus.internalFault.rawValue,
          "\(item.id): the worker was killed by signal \(signal)\(hint)\(words)", start)
      }
    } catch {
      return failed(
        item, exitCode: ExitStatus.internalFault.rawValue,
        "\(item.id): the worker could not be started: \(error)", start)
    }
  }

  private func failed(
    _ item: Case, exitCode: Int, _ text: String, _ start: ContinuousClock.Instant
  ) -> BatchSummary.Row {
    let isInterrupted = exitCode == ExitStatus.interrupted.rawValue
    let record = CaseRecord(
      id: item.id, status: isInterrupted ? .interrupted : .failed, exitCode: exitCode, error: text,
      seconds: start.secondsAgo, metrics: [:], warnings: [], source: item,
      pipeline: pipeline.snapshot)
    // Under a claim, which takes the place of that of the dead worker. Where the ledger cannot be written the row
    // still tells.
    let caseFolder = output.appendingPathComponent(item.id, isDirectory: true)
    try? makeFolder(caseFolder)
    if let claim = try? CaseClaim(in: caseFolder, id: item.id) {
      try? record.write(in: caseFolder)
      claim.release()
    }
    return BatchSummary.Row(record)
  }

  private func spawn(_ job: WorkerJob) async throws -> (
    status: TerminationStatus, isClaimed: Bool, lastWords: String
  ) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    let line = try encoder.encode(job) + Data("\n".utf8)
    let onEvent = onEvent
    let id = job.source.id
    let threads = String(job.threads)
    let isClaimed = Atomic<Bool>(false)
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
          if case .claimed = event { isClaimed.store(true, ordering: .relaxed) }
          onEvent(.told(id: id, event))
        }
      }
      try await execution.standardInputWriter.finish()
    }
    let words = result.standardError.split(separator: "\n").last.map(String.init) ?? ""
    return (
      result.terminationStatus, isClaimed.load(ordering: .relaxed),
      words.hasPrefix("error: ") ? String(words.dropFirst(7)) : words
    )
  }
}

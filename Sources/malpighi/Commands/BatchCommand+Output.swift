import Foundation
import Pipelines
import Reports
import Synchronization

extension BatchCommand {
  /// Print a plan; damaged headers end with 65, as the batch would find them failed.
  func show(_ plan: BatchPlan) throws {
    if options.json {
      Console.out(try JSONText.string(plan), terminator: "")
    } else {
      var table = TextTable()
      table.append("case", "state", "memory", "input", "label", "output")
      for item in plan.cases {
        table.append(
          item.id, item.isDone ? "done" : item.hasFailed ? "failed before" : "to do",
          item.memoryMiB.map { "\($0) MiB" } ?? "unknown", item.input, item.label ?? "none", item.output)
      }
      Console.out(table.text(indentation: ""))
      if let script = plan.script {
        Console.out("\nwould be submitted with sbatch:\n\n\(script)", terminator: "")
      }
    }
    for error in plan.cases.compactMap(\.error) { Console.warning(error) }
    let damaged = plan.cases.count { $0.error != nil }
    if damaged > 0 {
      throw PipelineError.badData("\(damaged) of \(plan.cases.count) cases cannot be read and would fail")
    }
  }

  /// Print a summary.
  func show(_ summary: BatchSummary) throws {
    if options.json { return Console.out(try JSONText.string(summary), terminator: "") }
    var table = TextTable()
    for name in summary.metricNames {
      let left = summary.undefined[name].map { "(undefined in \($0))" } ?? ""
      table.append("mean \(name)", NumberText.short(summary.mean[name] ?? nil), left)
    }
    Console.out(
      "\(summary.cases.count { $0.status == .done }) cases done, \(summary.failed) failed")
    if !summary.metricNames.isEmpty { Console.out(table.text()) }
    Console.out("  " + url(output).appendingPathComponent("index.html").path)
  }
}

/// How far a batch has come, on standard error.
final class BatchProgress: Sendable {
  private struct State {
    var done = 0
    var kept = 0
    var running: [String: Double] = [:]
  }

  private let caseCount: Int
  private let bar: ProgressBar
  private let state = Mutex(State())

  init(caseCount: Int, isQuiet: Bool) {
    self.caseCount = caseCount
    bar = ProgressBar(isQuiet: isQuiet)
    bar.begin(caseCount == 1 ? "1 case" : "\(caseCount) cases")
  }

  func end() {
    let kept = state.withLock { $0.kept }
    if kept > 0 { bar.say("\(kept) of \(caseCount) cases were done before and are unchanged") }
    bar.end()
  }

  func show(_ event: LocalBatch.Event) {
    switch event {
    case .started(let id): state.withLock { $0.running[id] = 0 }
    case .told(let id, .started(_, let index, let count)):
      state.withLock { $0.running[id] = Double(index) / Double(count) }
    case .told(let id, .warning(let stage, let text)): bar.warn("\(id): \(stage): \(text)")
    case .told: break
    case .waiting(let ids):
      bar.say(
        "waiting for \(ids.count) cases that another batch works on, such as \(ids.prefix(3).joined(separator: ", "))"
      )
    case .ended(let row, let isNews):
      state.withLock {
        $0.done += 1
        $0.running[row.id] = nil
        if !isNews, row.error == nil { $0.kept += 1 }
      }
      if isNews || row.error != nil { bar.say(Self.line(row, isNews: isNews)) }
    }
    let (done, running) = state.withLock { ($0.done, $0.running) }
    let fraction = (Double(done) + running.values.reduce(0, +)) / Double(max(1, caseCount))
    bar.update(fraction, "\(done) of \(caseCount) cases")
  }

  private static func line(_ row: BatchSummary.Row, isNews: Bool) -> String {
    guard let error = row.error else { return "\(row.id): done in \(NumberText.short(row.seconds)) s" }
    let hint = isNews ? "" : " (failed before and nothing has changed; --retry-failed tries again)"
    return "\(row.id): \(row.status.rawValue): \(error)\(hint)"
  }
}

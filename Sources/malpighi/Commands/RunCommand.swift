import ArgumentParser
import Foundation
import Pipelines
import Reports
import Synchronization

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a pipeline on one case.",
    discussion: "Stages that are done and unchanged are not computed again.")

  @Argument(help: "The name of a pipeline ('malpighi list'), or the path of a YAML file.")
  var pipeline: String

  @Argument(help: "The image, or the folder of one patient.")
  var input: String

  @Option(help: "The folder for the results.")
  var output: String

  @Option(help: "Run this stage only.")
  var stage: String?

  @Option(help: "What the result should be, to score it.")
  var label: String?

  @OptionGroup var options: ComputeOptions

  func run() throws {
    Interruption.listen(grace: Grace.worker)
    let pipeline = try options.pipeline(pipeline)
    let item = Case(
      id: try CaseIdentifier.id(of: url(input)), input: url(input), label: label.map(url))
    let bar = ProgressBar(isQuiet: options.json)
    let journal = RunJournal()
    var runner = CaseRunner(pipeline: pipeline, output: url(output))
    runner.onlyStage = stage
    runner.overwrites = options.overwrite
    runner.onEvent = { event in
      journal.add(event)
      bar.show(event)
    }
    defer { bar.end() }
    do {
      let record = try runner.run(item)
      bar.end()
      try BatchSummary.write(of: url(output), title: pipeline.name)
      try show(record, journal, runner)
    } catch {
      bar.end()
      if options.json, let record = CaseRecord.read(in: runner.folder(of: item.id)) {
        try show(record, journal, runner)
      }
      // Also the summary tells of the failure, where it can be written.
      try? BatchSummary(of: url(output)).write(to: url(output), title: pipeline.name)
      throw error
    }
  }

  private func show(_ record: CaseRecord, _ journal: RunJournal, _ runner: CaseRunner) throws {
    let report = runner.folder(of: record.id).appendingPathComponent("report.html")
    let hasReport = FileManager.default.fileExists(atPath: report.path)
    if options.json {
      let answer = RunAnswer(
        case: BatchSummary.Row(record), folder: runner.folder(of: record.id).path,
        report: hasReport ? report.path : nil, stages: journal.outcomes, warnings: record.warnings)
      return Console.out(try JSONText.string(answer), terminator: "")
    }
    Console.out(headline(record, journal))
    var scores = TextTable()
    for name in ScoreTable.ordered(Set(record.metrics.keys)) {
      scores.append(name, NumberText.short(record.metrics[name] ?? nil))
    }
    if !record.metrics.isEmpty { Console.out(scores.text()) }
    Console.out("  " + (hasReport ? report.path : runner.folder(of: record.id).path))
  }

  private func headline(_ record: CaseRecord, _ journal: RunJournal) -> String {
    let outcomes = journal.outcomes
    let unchanged = outcomes.count { $0.value == .unchanged }
    let ran = outcomes.count { $0.value == .ran }
    if ran == 0, unchanged > 0 {
      return
        "\(record.id): nothing to do, \(unchanged) stages are unchanged (--overwrite computes them again)"
    }
    let kept = unchanged > 0 ? ", \(unchanged) stages unchanged" : ""
    return "\(record.id): done in \(NumberText.short(record.seconds)) s\(kept)"
  }
}

/// What became of each stage.
final class RunJournal: Sendable {
  enum Outcome: String, Codable, Sendable {
    case ran
    case unchanged
    case leftOut = "left out"
  }

  private let state = Mutex<[String: Outcome]>([:])

  var outcomes: [String: Outcome] { state.withLock { $0 } }

  func add(_ event: RunEvent) {
    state.withLock {
      switch event {
      case .finished(let stage, _): $0[stage] = .ran
      case .unchanged(let stage): $0[stage] = .unchanged
      case .leftOut(let stage, _): $0[stage] = .leftOut
      case .started, .progressed, .claimed, .warning: break
      }
    }
  }
}

/// What `run --json` prints.
private struct RunAnswer: Encodable {
  let `case`: BatchSummary.Row
  let folder: String
  let report: String?
  let stages: [String: RunJournal.Outcome]
  let warnings: [String]

  enum CodingKeys: String, CodingKey { case folder, report, stages, warnings }

  func encode(to encoder: any Encoder) throws {
    try `case`.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(folder, forKey: .folder)
    try container.encode(report, forKey: .report)
    try container.encode(stages, forKey: .stages)
    try container.encode(warnings, forKey: .warnings)
  }
}

extension ProgressBar {
  /// Show an event of a run.
  fileprivate func show(_ event: RunEvent) {
    switch event {
    case .started(let stage, let index, let count): begin("\(stage) (\(index + 1) of \(count))")
    case .progressed(let stage, let fraction, let message):
      update(fraction, message.isEmpty ? stage : "\(stage): \(message)")
    case .finished(let stage, let seconds): say("\(stage): \(NumberText.short(seconds)) s")
    case .unchanged(let stage): say("\(stage): unchanged")
    case .leftOut(let stage, let reason): say("\(stage): left out, \(reason)")
    case .claimed: break
    case .warning(let stage, let text): warn("\(stage): \(text)")
    }
  }
}

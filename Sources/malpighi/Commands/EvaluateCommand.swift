import ArgumentParser
import Foundation
import Metrics
import Pipelines
import Reports

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Score masks against references.",
    discussion: """
      Takes two files, or two folders whose files have the same names. Every value but 0 is inside. A reference
      without a prediction is a failure; scores that are undefined are null, counted, and left out of the mean.
      """)

  @Argument(help: "The mask, or a folder of masks.")
  var prediction: String

  @Argument(help: "What it should be, or a folder of that.")
  var reference: String

  @Option(
    help: ArgumentHelp(
      "The scores, separated by commas: \(SegmentationMetric.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "list"))
  var metrics = "all"

  @Option(
    name: .customLong("nsd-tolerance-mm"),
    help: "How far surfaces may lie apart for the NSD, in mm.")
  var tolerance = 1.0

  @Option(help: "A folder for summary.json, metrics.tsv and index.html.")
  var output: String?

  @Flag(help: "Print one JSON document on standard output.")
  var json = false

  func validate() throws {
    do { _ = try SegmentationMetric.list(metrics) } catch {
      throw ValidationError("--metrics \(metrics): \(error)")
    }
    guard tolerance >= 0, tolerance.isFinite else {
      throw ValidationError("--nsd-tolerance-mm \(tolerance): 0 or more expected")
    }
  }

  func run() throws {
    Interruption.listen(grace: Grace.worker)
    var scoring = MaskEvaluation(nsdTolerance: tolerance)
    scoring.metrics = try SegmentationMetric.list(metrics)
    let bar = ProgressBar(isQuiet: json)
    var evaluation = FolderEvaluation(scoring)
    evaluation.onPair = { id, index, count in
      if index == 0 { bar.begin("\(count) pairs") }
      bar.update(Double(index) / Double(count), id)
    }
    defer { bar.end() }
    let (rows, remarks) = try evaluation.rows(
      prediction: url(prediction), reference: url(reference))
    bar.end()
    for remark in remarks { Console.warning(remark) }
    for row in rows { if let error = row.error { Console.warning(error) } }
    let summary = BatchSummary(rows)
    if let output {
      try makeFolder(url(output))
      try summary.write(to: url(output), title: "Evaluation")
    }
    if json {
      Console.out(try JSONText.string(summary), terminator: "")
    } else {
      show(summary)
    }
    if summary.failed > 0 { throw ExitCode(Int32(ExitStatus.someFailed.rawValue)) }
  }

  private func show(_ summary: BatchSummary) {
    var table = TextTable()
    if summary.cases.count == 1, let row = summary.cases.first {
      for name in summary.metricNames {
        table.append(name, ScoreTable.text(row.metrics[name] ?? nil))
      }
      return Console.out(table.text(indentation: ""))
    }
    for row in summary.cases {
      let scores = summary.metricNames.map { "\($0) \(NumberText.short(row.metrics[$0] ?? nil))" }
      table.append(row.id, row.error.map { "failed: \($0)" } ?? scores.joined(separator: "  "))
    }
    Console.out(table.text(indentation: ""))
    for name in summary.metricNames {
      let left = summary.undefined[name].map { " (undefined in \($0))" } ?? ""
      Console.out("mean \(name) \(ScoreTable.text(summary.mean[name] ?? nil))\(left)")
    }
    if summary.failed > 0 { Console.out("\(summary.failed) of \(summary.cases.count) failed") }
  }
}

import ArgumentParser
import Foundation
import Metrics
import Pipelines
import Reports

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Score masks against references.",
    discussion: """
      Takes two files, or two folders, paired by id; the first may be the --output folder of a batch. Every value but
      0 is inside. A reference without a prediction is a failure; scores that are undefined are null, counted, and
      left out of the mean.
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

  /// One pair: its scores below each other. Several: the chief scores of each, then the mean of all.
  private func show(_ summary: BatchSummary) {
    var means = TextTable()
    if summary.cases.count == 1, let row = summary.cases.first {
      for name in summary.metricNames { means.append(name, ScoreTable.text(row.metrics[name] ?? nil)) }
      return Console.out(means.text(indentation: ""))
    }
    let chief = Self.chiefMetrics.filter(summary.metricNames.contains)
    let columns = chief.isEmpty ? Array(summary.metricNames.prefix(6)) : chief
    var table = TextTable()
    table.append(row: ["case"] + columns)
    for row in summary.cases {
      let scores = columns.map { NumberText.short(row.metrics[$0] ?? nil) }
      table.append(row: [row.id] + (row.error.map { ["failed: \($0)"] } ?? scores))
    }
    Console.out(table.text(indentation: "") + "\n")
    for name in summary.metricNames {
      let left = summary.undefined[name].map { "(undefined in \($0))" } ?? ""
      means.append("mean", name, ScoreTable.text(summary.mean[name] ?? nil), left)
    }
    Console.out(means.text(indentation: ""))
    if summary.failed > 0 { Console.out("\(summary.failed) of \(summary.cases.count) failed") }
  }

  private static let chiefMetrics = ["dice", "cldice", "precision", "recall", "hd95_mm", "nsd"]
}

import ArgumentParser
import Foundation
import Pipelines
import Reports
import Synchronization

struct BatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch", abstract: "Run a pipeline on every case of a folder.",
    discussion: """
      Understands a flat folder, images/ with labels/, nnU-Net (imagesTr, labelsTr) and BIDS. A case that fails
      is a row of the summary and does not stop the others. The same command continues an interrupted batch.
      """)

  enum Engine: String, ExpressibleByArgument, CaseIterable { case local, slurm }

  @Argument(help: "The name of a pipeline ('malpighi list'), or the path of a YAML file.")
  var pipeline: String

  @Argument(help: "The folder of cases.")
  var folder: String

  @Option(help: "The folder for the results.")
  var output: String

  @Option(help: "The folder of labels, named as the cases.")
  var labels: String?

  @Option(help: "How many cases at once; they share the threads.")
  var jobs = 1

  @Option(help: ArgumentHelp("Only the I-th of N parts, for job arrays.", valueName: "i/n"))
  var shard: String?

  @Option(help: "Where to compute.")
  var engine = Engine.local

  @Flag(help: "Only say what would be done.")
  var dryRun = false

  @Flag(help: "Refuse the batch where anything about the folder is odd.")
  var strict = false

  @OptionGroup var options: ComputeOptions

  func validate() throws {
    guard jobs >= 1 else { throw ValidationError("--jobs \(jobs): at least 1 expected") }
    if let shard {
      do { _ = try Shard(shard) } catch { throw ValidationError("\(error)") }
    }
    if engine == .slurm {
      throw ValidationError(
        "--engine slurm is not available in this version. Submit a job array of your own with --shard: "
          + "'sbatch --array=1-N' with --shard $SLURM_ARRAY_TASK_ID/N.")
    }
  }

  func run() async throws {
    Interruption.listen(grace: Grace.parent)
    let pipeline = try options.pipeline(pipeline)
    let found = try CaseDiscovery(
      folder: url(folder), kind: pipeline.caseKind, labels: labels.map(url), output: url(output))
    let cases = try (shard.map(Shard.init) ?? .whole).part(of: found.cases)
    if !options.json {
      Console.note(
        "\(found.cases.count) cases in a \(found.layout.rawValue) folder" + part(of: cases.count))
    }
    for remark in found.remarks { Console.warning(remark) }
    if strict, let remark = found.remarks.first {
      throw PipelineError.badData("--strict: \(remark)")
    }
    if dryRun { return try show(cases, found, pipeline) }

    try makeFolder(url(output))
    let records = await batch(try localBatch(pipeline), cases)
    let summary = try BatchSummary(of: url(output))
    try summary.write(to: url(output), title: pipeline.name)
    try show(summary)
    if Interruption.isRequested || records.contains(where: { $0.status == .interrupted }) {
      throw PipelineError.interrupted(
        "interrupted after \(records.count { $0.status == .done }) of \(cases.count) cases. The same command resumes."
      )
    }
    let failed = records.count { $0.status == .failed }
    if failed > 0 {
      Console.note("\(failed) of \(cases.count) cases failed")
      throw ExitCode(Int32(ExitStatus.someFailed.rawValue))
    }
  }

  private func part(of count: Int) -> String { shard.map { "; part \($0) has \(count)" } ?? "" }

  private func localBatch(_ pipeline: Pipeline) throws -> LocalBatch {
    var batch = try LocalBatch(
      pipeline: pipeline, output: url(output), executable: executable, jobs: jobs,
      threads: options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
    batch.overwrites = options.overwrite
    return batch
  }

  private func batch(_ batch: LocalBatch, _ cases: [Case]) async -> [CaseRecord] {
    var batch = batch
    let bar = ProgressBar(isQuiet: options.json)
    let progress = Mutex((done: 0, running: [String: Double]()))
    bar.begin(cases.count == 1 ? "1 case" : "\(cases.count) cases")
    batch.onEvent = { event in
      switch event {
      case .started(let id): progress.withLock { $0.running[id] = 0 }
      case .told(let id, .started(_, let index, let count)):
        progress.withLock { $0.running[id] = Double(index) / Double(count) }
      case .told(let id, .warning(let stage, let text)): bar.warn("\(id): \(stage): \(text)")
      case .told: break
      case .ended(let record):
        progress.withLock {
          $0.done += 1
          $0.running[record.id] = nil
        }
        bar.say(
          "\(record.id): "
            + (record.error.map { "\(record.status.rawValue): \($0)" }
              ?? "done in \(NumberText.short(record.seconds)) s"))
      }
      let (done, running) = progress.withLock { ($0.done, $0.running) }
      let fraction = (Double(done) + running.values.reduce(0, +)) / Double(max(1, cases.count))
      bar.update(fraction, "\(done) of \(cases.count) cases")
    }
    defer { bar.end() }
    return await batch.run(cases)
  }

  private func show(_ cases: [Case], _ found: CaseDiscovery, _ pipeline: Pipeline) throws {
    let plan = BatchPlan(
      pipeline: pipeline.name, layout: found.layout.rawValue, remarks: found.remarks,
      cases: cases.map {
        BatchPlan.Item(
          id: $0.id, input: $0.input.path, label: $0.label?.path,
          output: url(output).appendingPathComponent($0.id).path)
      })
    if options.json { return Console.out(try JSONText.string(plan), terminator: "") }
    var table = TextTable()
    table.append("case", "input", "label")
    for item in plan.cases { table.append(item.id, item.input, item.label ?? "none") }
    Console.out(table.text(indentation: ""))
  }

  private func show(_ summary: BatchSummary) throws {
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

/// What `batch --dry-run --json` prints.
private struct BatchPlan: Encodable {
  struct Item: Encodable {
    let id: String
    let input: String
    let label: String?
    let output: String
  }
  let pipeline: String
  let layout: String
  let remarks: [String]
  let cases: [Item]
}

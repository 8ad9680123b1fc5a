import ArgumentParser
import Foundation
import Pipelines

struct BatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch", abstract: "Run a pipeline on every case of a folder.",
    discussion: """
      Understands a flat folder, images/ with labels/, nnU-Net (imagesTr, labelsTr) and BIDS. A case that fails
      is a row of the summary and does not stop the others. The same command continues an interrupted batch.
      'malpighi status DIR' tells how far it has come.
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

  @Option(
    help:
      "How many cases at once. Here they share the threads (default: 1); on a cluster each is a task (default: all)."
  )
  var jobs: Int?

  @Option(help: ArgumentHelp("Only the I-th of N parts, for job arrays.", valueName: "i/n"))
  var shard: String?

  @Option(help: "Where to compute.")
  var engine = Engine.local

  @Flag(help: "Only say what would be done.")
  var dryRun = false

  @Flag(
    help:
      "Refuse a folder with anything odd about it, such as the same file twice; a case with a warning fails.")
  var strict = false

  @Flag(help: "Try again what failed for what its files hold, although they have not changed.")
  var retryFailed = false

  // The parts of a job array leave the summary to the job after it.
  @Flag(help: .hidden)
  var noSummary = false

  @OptionGroup var options: ComputeOptions

  @OptionGroup(title: "Slurm options (also under 'cluster:' in a pipeline's YAML)")
  var slurm: SlurmOptions

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs \(jobs): at least 1 expected") }
    if let shard {
      do { _ = try Shard(shard) } catch { throw ValidationError("\(error)") }
      guard engine == .local else {
        throw ValidationError("--engine slurm divides the cases itself; leave --shard out")
      }
    }
    guard engine == .slurm || slurm.isEmpty else {
      throw ValidationError("--partition, --time, --memory and --sbatch-option belong to --engine slurm")
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
        "\(found.cases.count) case\(found.cases.count == 1 ? "" : "s") in \(found.layout.inWords)"
          + (shard.map { "; part \($0) has \(cases.count)" } ?? ""))
    }
    try tell(found.remarks + (strict ? DuplicateInputs.remarks(of: found.cases) : []))
    switch engine {
    case .slurm: try await runOnSlurm(pipeline, found)
    case .local where dryRun:
      try show(
        BatchPlan(pipeline, cases, found: found, output: url(output), overwrites: options.overwrite))
    case .local: try await runHere(pipeline, found, cases)
    }
  }

  private func tell(_ remarks: [String]) throws {
    for remark in remarks { Console.warning(remark) }
    if strict, let remark = remarks.first { throw PipelineError.badData("--strict: \(remark)") }
  }

  private func runHere(_ pipeline: Pipeline, _ found: CaseDiscovery, _ cases: [Case]) async throws {
    try makeFolder(url(output))
    try BatchManifest(pipeline: pipeline.snapshot, folder: url(folder), cases: found.cases).write(
      in: url(output))
    var batch = try LocalBatch(
      pipeline: pipeline, output: url(output), executable: executable, jobs: jobs ?? 1,
      threads: options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
    batch.overwrites = options.overwrite
    batch.retriesFailures = retryFailed
    batch.isStrict = strict
    let rows = await run(batch, cases)
    if !noSummary {
      try show(try BatchSummary.write(of: url(output), title: pipeline.name))
    }
    let done = rows.count { $0.status == .done }
    if Interruption.isRequested || rows.contains(where: { $0.status == .interrupted }) {
      throw PipelineError.interrupted(
        "interrupted after \(done) of \(cases.count) cases. The same command resumes.")
    }
    let failed = rows.count { $0.status == .failed }
    if failed > 0 {
      Console.note("\(failed) of \(cases.count) cases failed")
      throw ExitCode(Int32(ExitStatus.someFailed.rawValue))
    }
  }

  private func run(_ batch: LocalBatch, _ cases: [Case]) async -> [BatchSummary.Row] {
    let bar = BatchProgress(caseCount: cases.count, isQuiet: options.json)
    var batch = batch
    batch.onEvent = { bar.show($0) }
    defer { bar.end() }
    return await batch.run(cases)
  }
}

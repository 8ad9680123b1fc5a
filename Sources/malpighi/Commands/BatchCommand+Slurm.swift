import ArgumentParser
import Foundation
import Pipelines
import Reports

/// What a Slurm job asks for.
struct SlurmOptions: ParsableArguments {
  @Option(help: "The partition.")
  var partition: String?

  @Option(help: "The time limit of a case, such as 02:00:00.")
  var time: String?

  @Option(help: "The memory of a case, such as 8G. (default: the pipeline's estimate)")
  var memory: String?

  @Option(
    name: .customLong("sbatch-option"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A further option of sbatch, such as --account=NAME; may be repeated.", valueName: "option"))
  var further: [String] = []

  var isEmpty: Bool { partition == nil && time == nil && memory == nil && further.isEmpty }

  /// The settings of a pipeline with these on top.
  func applied(to settings: ClusterSettings) throws -> ClusterSettings {
    var settings = settings
    settings.partition = partition ?? settings.partition
    settings.time = time ?? settings.time
    settings.memory = memory ?? settings.memory
    settings.options += further
    do { try settings.validate() } catch let wrong as WrongValue {
      throw PipelineError.usage("\(wrong.found): \(wrong.expected) expected")
    }
    return settings
  }
}

extension BatchCommand {
  /// Submit the cases that are not done as a job array, or show what would be submitted.
  func runOnSlurm(_ pipeline: Pipeline, _ found: CaseDiscovery) async throws {
    var settings = try slurm.applied(to: pipeline.cluster)
    settings.tasksAtOnce = jobs ?? settings.tasksAtOnce
    settings.cpus = options.threads ?? settings.cpus
    let batch = SlurmBatch(
      pipeline: pipeline, cases: found.cases, output: url(output), settings: settings, executable: executable,
      workingDirectory: workingDirectory, arguments: try taskArguments())
    var plan = BatchPlan(
      pipeline, found.cases, found: found, output: url(output), overwrites: options.overwrite)
    let work = try await batch.plan(open: plan.cases.map { !$0.isDone && (retryFailed || !$0.hasFailed) })
    plan.script = work.array
    if dryRun { return try show(plan) }

    try makeFolder(url(output))
    try BatchManifest(pipeline: pipeline.snapshot, folder: url(folder), cases: found.cases).write(
      in: url(output))
    if work.tasksInQueue > 0, let job = work.earlierJob, !options.json {
      Console.note("\(work.tasksInQueue) tasks of job \(job) are still in the queue and not submitted again")
    }
    guard work.array != nil else {
      let summary = try BatchSummary.write(of: url(output), title: pipeline.name)
      if !options.json, work.tasksInQueue == 0 { Console.note("nothing to submit") }
      try show(summary)
      if summary.failed > 0 { throw ExitCode(Int32(ExitStatus.someFailed.rawValue)) }
      return
    }
    let submission = try await batch.submit(work)
    if options.json { return Console.out(try JSONText.string(submission), terminator: "") }
    Console.out(
      "job \(submission.job) with \(submission.tasks.count) tasks, then job \(submission.summaryJob) for the summary"
    )
    Console.out("  \(SlurmScripts.folder(in: url(output)).path)/array.sbatch")
    Console.out("  malpighi status \(url(output).path)")
  }

  /// What every task is called with, independent of the working directory as far as the user's words allow.
  private func taskArguments() throws -> [String] {
    var words = [try library.url(of: pipeline).path, url(folder).path, "--output", url(output).path]
    if let labels { words += ["--labels", url(labels).path] }
    words += options.settings.flatMap { ["--set", $0] }
    if options.overwrite { words.append("--overwrite") }
    if strict { words.append("--strict") }
    if retryFailed { words.append("--retry-failed") }
    return words
  }
}

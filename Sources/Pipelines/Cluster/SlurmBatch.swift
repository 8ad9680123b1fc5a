import Foundation
import Reports

/// A batch as a Slurm job array. The state of the batch lies in the folder of results, not with Slurm: the same command
/// again submits only what is neither done nor still in the queue.
public struct SlurmBatch: Sendable {
  /// What was submitted last, in `slurm/submission.json`.
  public struct Submission: Sendable, Codable, Equatable {
    /// The number of the array.
    public var job: String
    /// The number of the job that writes the summary.
    public var summaryJob: String
    /// Into how many parts the cases are divided.
    public var parts: Int
    /// The parts submitted.
    public var tasks: [Int]
    /// Digest of the list of cases: with other cases the parts are others.
    public var caseList: String

    enum CodingKeys: String, CodingKey {
      case job
      case summaryJob = "summary_job"
      case parts, tasks
      case caseList = "case_list"
    }
  }

  /// What is to be submitted.
  public struct Plan: Sendable {
    /// The script of the array; nil where nothing is left to submit.
    public var array: String?
    /// The script of the summary.
    public var summary: String
    /// The parts to submit.
    public var tasks: [Int]
    /// How many of the parts that are not done still wait or run.
    public var tasksInQueue: Int
    /// The job they belong to.
    public var earlierJob: String?
    var parts: Int
  }

  /// The pipeline.
  public let pipeline: Pipeline
  /// The cases, all of them.
  public let cases: [Case]
  /// The folder of results.
  public let output: URL
  /// What a task asks for.
  public var settings: ClusterSettings
  /// The program.
  public let executable: URL
  /// The working directory of the tasks.
  public let workingDirectory: URL
  /// The words after `batch` that every task is called with.
  public let arguments: [String]
  private let slurm = SlurmCommands()

  /// A batch of `cases`.
  public init(
    pipeline: Pipeline, cases: [Case], output: URL, settings: ClusterSettings, executable: URL,
    workingDirectory: URL,
    arguments: [String]
  ) {
    self.pipeline = pipeline
    self.cases = cases
    self.output = output
    self.settings = settings
    self.executable = executable
    self.workingDirectory = workingDirectory
    self.arguments = arguments
  }

  /// What would be submitted for the cases that `isOpen` names by position.
  public func plan(open isOpen: [Bool]) async throws -> Plan {
    let parts = min(cases.count, await slurm.largestArray())
    var tasks = Set(isOpen.indices.filter { isOpen[$0] }.map { $0 % parts + 1 })
    var waiting: Set<Int> = []
    let earlier = submission
    if let earlier {
      let queue = try await slurm.tasksInQueue(of: earlier.job)
      guard queue.isEmpty || (earlier.parts == parts && earlier.caseList == caseList) else {
        throw PipelineError.claimed(
          "\(output.path): job \(earlier.job) is still in the queue, with another list of cases. Wait for it, or end it with "
            + "'scancel \(earlier.job)'.")
      }
      waiting = queue.intersection(tasks)
      tasks.subtract(queue)
    }
    let scripts = SlurmScripts(
      executable: executable, arguments: arguments, pipeline: pipeline.name, caseCount: cases.count,
      parts: parts,
      output: output, workingDirectory: workingDirectory, settings: settings, memoryMiB: memoryMiB(isOpen))
    return Plan(
      array: tasks.isEmpty ? nil : try scripts.array(tasks: tasks.sorted()), summary: try scripts.summary(),
      tasks: tasks.sorted(), tasksInQueue: waiting.count, earlierJob: waiting.isEmpty ? nil : earlier?.job,
      parts: parts)
  }

  /// Write the scripts into `slurm/` and submit them.
  public func submit(_ plan: Plan) async throws -> Submission {
    let folder = SlurmScripts.folder(in: output)
    try makeFolder(folder)
    let array = folder.appendingPathComponent("array.sbatch")
    let summary = folder.appendingPathComponent("summary.sbatch")
    try writeFile(Data((plan.array ?? "").utf8), to: array)
    try writeFile(Data(plan.summary.utf8), to: summary)
    let job = try await slurm.submit(array)
    // The summary also waits for what is left of an earlier array.
    let summaryJob = try await slurm.submit(
      summary, after: ([job] + (plan.earlierJob.map { [$0] } ?? [])).joined(separator: ":"))
    let submission = Submission(
      job: job, summaryJob: summaryJob, parts: plan.parts, tasks: plan.tasks, caseList: caseList)
    try writeFile(try JSONText.encode(submission), to: Self.url(in: output))
    return submission
  }

  /// The memory of a task: the estimate of its largest case and a quarter more, for what no header tells, and the
  /// program that starts the worker.
  private func memoryMiB(_ isOpen: [Bool]) -> Int {
    if let memory = settings.memory.flatMap(ClusterSettings.mebibytes) { return memory }
    let estimates = zip(cases, isOpen).filter(\.1).compactMap { try? pipeline.memoryEstimate(for: $0.0) }
    let largest = (estimates.max() ?? 0) >> 20
    return (largest * 5 / 4 + 64 + 63) / 64 * 64
  }

  private var caseList: String {
    ContentDigest.sha256(of: Data(cases.map { $0.id + "\0" + $0.input.path }.joined(separator: "\0\0").utf8))
  }

  private static func url(in output: URL) -> URL {
    SlurmScripts.folder(in: output).appendingPathComponent("submission.json")
  }

  private var submission: Submission? {
    FileManager.default.contents(atPath: Self.url(in: output).path)
      .flatMap { try? JSONText.decode(Submission.self, from: $0) }
  }
}

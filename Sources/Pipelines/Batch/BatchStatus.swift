import Foundation

/// How far a batch has come, as its folder of results tells by itself: no scheduler is asked.
public struct BatchStatus: Sendable, Codable {
  /// Where a case stands.
  public enum State: String, Sendable, Codable, CaseIterable {
    /// Every stage is done.
    case done
    /// A process works on it.
    case running
    /// A stage failed.
    case failed
    /// Not begun, interrupted, or its process died; the same command does it.
    case pending
  }

  /// A case.
  public struct Row: Sendable, Codable {
    /// The id.
    public var id: String
    /// Where it stands.
    public var state: State
    /// Of a running one: who works on it since when, in UTC.
    public var host: String?
    /// Its process.
    public var process: Int32?
    /// When it was claimed.
    public var since: String?
    /// The task of a job array, `JOB_TASK`.
    public var slurmTask: String?
    /// The stage being computed.
    public var stage: String?
    /// Of a failed one: the exit code.
    public var exitCode: Int?
    /// Why it failed, or why a case that was begun is pending.
    public var reason: String?

    enum CodingKeys: String, CodingKey {
      case id, state, host, process, since
      case slurmTask = "slurm_task"
      case stage
      case exitCode = "exit_code"
      case reason
    }

    init(id: String, state: State, reason: String? = nil) {
      self.id = id
      self.state = state
      self.reason = reason
    }
  }

  /// The folder of results.
  public var folder: String
  /// The pipeline.
  public var pipeline: String?
  /// How many cases stand where.
  public var counts: [String: Int]
  /// The cases, sorted by id.
  public var cases: [Row]

  /// The status of the batch in `output`.
  /// - Throws: ``PipelineError/noInput(_:)`` where there is no such folder or nothing in it is of a batch.
  public init(of output: URL) throws {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: output.path) else {
      throw PipelineError.noInput("\(output.path): no such folder")
    }
    let manifest = BatchManifest.read(in: output)
    var ids = Set(manifest?.cases.map(\.id) ?? [])
    let planned = ids
    ids.formUnion(
      names.filter { name in
        let folder = output.appendingPathComponent(name, isDirectory: true)
        return [".claim", "case.json"].contains {
          FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
        }
      })
    guard !ids.isEmpty else {
      throw PipelineError.noInput(
        "\(output.path): neither batch.json nor results in it. Give the --output folder of 'malpighi batch'.")
    }
    folder = output.path
    pipeline = manifest?.pipeline.name
    let digest = manifest?.pipeline.digest
    cases = ids.sorted().map { id in
      Self.row(
        id, in: output.appendingPathComponent(id, isDirectory: true),
        pipeline: planned.contains(id) ? manifest?.pipeline : nil, digest: digest)
    }
    counts = Dictionary(uniqueKeysWithValues: State.allCases.map { ($0.rawValue, 0) })
    for row in cases { counts[row.state.rawValue, default: 0] += 1 }
  }

  private static func row(
    _ id: String, in folder: URL, pipeline: PipelineSnapshot?, digest: String?
  ) -> Row {
    if let (holder, silent) = CaseClaim.holder(in: folder) {
      guard holder.isGone(secondsSilent: silent) else {
        var row = Row(id: id, state: .running)
        (row.host, row.process, row.slurmTask) = (holder.host, holder.process, holder.slurmTask)
        row.since = holder.since.formatted(.iso8601)
        row.stage = stage(in: folder)
        return row
      }
      return Row(id: id, state: .pending, reason: "\(holder.name) died or was cut off while working on it")
    }
    guard let record = CaseRecord.read(CaseRecord.Outline.self, in: folder) else {
      return Row(id: id, state: .pending)
    }
    switch record.row.status {
    case .failed:
      var row = Row(id: id, state: .failed, reason: record.row.error)
      row.exitCode = record.row.exitCode
      return row
    case .interrupted: return Row(id: id, state: .pending, reason: record.row.error)
    case .partial: return Row(id: id, state: .pending, reason: "single stages were run")
    case .done:
      guard let pipeline, !record.isOf(pipeline, digest: digest, in: folder) else {
        return Row(id: id, state: .done)
      }
      return Row(id: id, state: .pending, reason: "done before with other parameters")
    }
  }

  /// The stage whose folder is being built.
  private static func stage(in folder: URL) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let name = names.first { $0.hasPrefix(".") && $0.hasSuffix(".partial") }
    // .NN-NAME.partial
    return name.map { $0.dropLast(".partial".count).drop { $0 != "-" }.dropFirst().description }
  }
}

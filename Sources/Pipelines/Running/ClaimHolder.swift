import Files
import Foundation

/// Who works on a case, as its claim file says.
public struct ClaimHolder: Sendable, Codable, Equatable {
  /// The name of the machine.
  public var host: String
  /// The process number.
  public var process: Int32
  /// Start of the process in clock ticks since boot, which tells it from a later one with the same number.
  public var processStart: String
  /// When the claim was made.
  public var since: Date
  /// What makes process numbers comparable: this boot of this machine, and the space of process numbers within it.
  public var machine: String?
  /// The task of a Slurm job array, `JOB_TASK`, where the process is one.
  public var slurmTask: String?
  /// How often Slurm had put the task back into its queue before.
  public var slurmRestarts: Int?

  enum CodingKeys: String, CodingKey {
    case host, process
    case processStart = "process_start"
    case since, machine
    case slurmTask = "slurm_task"
    case slurmRestarts = "slurm_restarts"
  }

  /// This process.
  static var current: ClaimHolder {
    let environment = ProcessInfo.processInfo.environment
    var task: String?
    if let job = environment["SLURM_ARRAY_JOB_ID"], let index = environment["SLURM_ARRAY_TASK_ID"] {
      task = "\(job)_\(index)"
    }
    return ClaimHolder(
      host: ProcessInfo.processInfo.hostName, process: getpid(),
      processStart: ProcessIdentity.start, since: Date(),
      machine: ProcessIdentity.machine,
      slurmTask: task,
      slurmRestarts: task.map { _ in environment["SLURM_RESTART_COUNT"].flatMap { Int($0) } ?? 0 })
  }

  /// The time without a sign of life after which a holder on another machine counts as gone, in seconds. A holder
  /// gives one every ``heartbeat`` seconds.
  public static let silence = 600.0
  /// How often a holder touches its claim, in seconds.
  static let heartbeat = 20.0

  /// Whether the holder is known to be gone: its process ran on this machine and is no longer there; or it was an
  /// earlier start of the same Slurm task on another machine; or nothing was heard of it for ``silence`` seconds.
  public func isGone(secondsSilent: Double) -> Bool {
    let isHere = machine.map { $0 == ProcessIdentity.machine } ?? (host == ProcessInfo.processInfo.hostName)
    if isHere { return ProcessIdentity.start(of: process) != processStart }
    let here = Self.current
    if let slurmTask, slurmTask == here.slurmTask, (slurmRestarts ?? 0) < (here.slurmRestarts ?? 0) {
      return true
    }
    return secondsSilent > Self.silence
  }

  /// `process 7 on node3 (Slurm task 12_3)`.
  public var name: String {
    "process \(process) on \(host)" + (slurmTask.map { " (Slurm task \($0))" } ?? "")
  }
}

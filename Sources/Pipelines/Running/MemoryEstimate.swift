import Foundation

extension Stage {
  /// What a stage needs that says nothing of its own: four single-precision copies of the image. Measure a stage of
  /// your own (`peak_memory_mib` in its `stage.json`) and say what it needs.
  public func memoryEstimate(for size: CaseSize) -> Int { 16 * size.elements }
}

extension Pipeline {
  /// The program itself with its libraries and threads, in bytes.
  static let programMemory = 48 << 20

  /// The most memory a run of `item` takes, in bytes, from the headers of its files alone.
  /// - Throws: What the audit of the header says, where the case would fail with it.
  public func memoryEstimate(for item: Case) throws -> Int {
    let size = try CaseSize(of: item, kind: caseKind)
    let stages = steps.map { $0.stage.memoryEstimate(for: size) }
    return Self.programMemory + (stages.max() ?? 0)
  }
}

/// The memory this process may take.
enum MemoryLimit {
  /// Throws where a run of `item` needs more memory than this process may take, before it is taken: an allocation that
  /// fails half-way could only end the process.
  static func require(_ pipeline: Pipeline, for item: Case) throws {
    // A header that cannot be read is told by the stage that reads the file.
    guard let needed = try? pipeline.memoryEstimate(for: item), let limit = smallest, needed > limit.bytes
    else {
      return
    }
    throw PipelineError.internalFault(
      "\(item.id): about \(mebibytes(needed)) MiB of memory needed, \(mebibytes(limit.bytes)) MiB allowed "
        + "(\(limit.name)). Nothing was begun; raise the limit or crop the image.")
  }

  /// The tightest of the limits: of the process, of its group (a container, a Slurm job), of the machine.
  static var smallest: (bytes: Int, name: String)? {
    var limits: [(bytes: Int, name: String)] = []
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < UInt64(Int.max) {
      limits.append((max(0, Int(limit.rlim_cur) - ProcessMemory.addressSpace), "ulimit -v"))
    }
    if let bytes = groupLimit { limits.append((bytes, "the limit of its control group")) }
    if let kibibytes = ProcessMemory.field("MemTotal:", of: "/proc/meminfo") {
      limits.append((kibibytes << 10, "the machine's"))
    }
    return limits.min { $0.bytes < $1.bytes }
  }

  /// The tightest memory limit of the control groups this process is in: of a container, a Slurm job, a user.
  static var groupLimit: Int? {
    let text = try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)
    // "0::/system.slice/job_1/step_0": each of its folders may have a limit.
    let line = text?.split(separator: "\n").first { $0.hasPrefix("0::") }
    var folder = "/sys/fs/cgroup"
    var limits: [Int] = []
    for part in [""] + (line?.dropFirst(3).split(separator: "/").map(String.init) ?? []) {
      if !part.isEmpty { folder += "/" + part }
      let limit = try? String(contentsOfFile: folder + "/memory.max", encoding: .utf8)
      if let bytes = limit.flatMap({ Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }) {
        limits.append(bytes)
      }
    }
    return limits.min()
  }

  private static func mebibytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
}

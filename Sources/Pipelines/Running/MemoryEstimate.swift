import Foundation
import Numerics

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
public enum MemoryLimit {
  /// Throws where a run of `item` needs more memory than this process may take.
  static func require(_ pipeline: Pipeline, for item: Case) throws {
    // A header that cannot be read is told by the stage that reads the file.
    guard let needed = try? pipeline.memoryEstimate(for: item) else { return }
    try require(needed, for: item.id)
  }

  /// Throws where `needed` bytes for the work called `name` are more than this process may take, before they are taken:
  /// an allocation that fails half-way could only end the process.
  public static func require(_ needed: Int, for name: String) throws {
    let threads = Parallel.threads
    let overhead = AddressSpace.overhead(threads: threads)
    if let left = AddressSpace.left, left < needed + overhead {
      throw PipelineError.internalFault(
        "\(name): about \(mebibytes(needed)) MiB of memory needed, and \(mebibytes(overhead)) MiB of addresses for "
          + "\(threads) thread\(threads == 1 ? "" : "s"); \(mebibytes(left)) MiB allowed (ulimit -v). Nothing was "
          + "begun; raise the limit, take fewer threads or crop the image.")
    }
    if let limit = smallest, limit.bytes < needed {
      throw PipelineError.internalFault(
        "\(name): about \(mebibytes(needed)) MiB of memory needed, \(mebibytes(limit.bytes)) MiB allowed "
          + "(\(limit.name)). Nothing was begun; raise the limit or crop the image.")
    }
  }

  /// Throws where an image cannot be looked at or scored within the limits, from its header alone: the stored voxels,
  /// and `bytesPerElement` beside them.
  public static func require(image url: URL, bytesPerElement: Int) throws {
    let isPicture = ["png", "jpg", "jpeg"].contains(url.pathExtension.lowercased())
    // What cannot be read is told when it is read.
    guard
      let size = try? CaseSize(
        of: Case(id: url.lastPathComponent, input: url), kind: isPicture ? .image : .volume)
    else { return }
    try require(
      Pipeline.programMemory + size.fileBytes + size.storedBytes + bytesPerElement * size.elements,
      for: url.path)
  }

  /// The tighter of the limits: of the group of this process (a container, a Slurm job), of the machine.
  private static var smallest: (bytes: Int, name: String)? {
    var limits: [(bytes: Int, name: String)] = []
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
}

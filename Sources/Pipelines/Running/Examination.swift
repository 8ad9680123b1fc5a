import Foundation
import ImageFiles
import NeuralNetworks
import Numerics

/// What this machine can do, and what would be slow on it.
public struct Examination: Sendable, Codable {
  /// The version of this package.
  public var malpighi = packageVersion
  /// The versions of the C libraries.
  public var libraries: [String: String]
  /// The operating system.
  public var system: String
  /// The processor.
  public var processor: String
  /// Its instruction sets that matter: avx2, fma, avx512f, avx512_bf16, amx_bf16.
  public var features: [String]
  /// Cores this process may use.
  public var cores: Int
  /// Threads a computation would use.
  public var threads: Int
  /// Memory of the machine, or of the group this process is limited to.
  public var memoryMiB: Int
  /// Memory not in use.
  public var availableMemoryMiB: Int
  /// Where temporary files go.
  public var temporaryFolder: String
  /// Free space there.
  public var temporaryFreeMiB: Int
  /// What would be slow or go wrong, and why.
  public var remarks: [String] = []

  enum CodingKeys: String, CodingKey {
    case malpighi, libraries, system, processor, features, cores, threads
    case memoryMiB = "memory_mib"
    case availableMemoryMiB = "available_memory_mib"
    case temporaryFolder = "temporary_folder"
    case temporaryFreeMiB = "temporary_free_mib"
    case remarks
  }

  /// Examine this machine.
  public static func ofThisMachine() -> Examination {
    let flags = Set(field("flags", of: "/proc/cpuinfo").split(separator: " ").map(String.init))
    let wanted = [
      "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_tile",
    ]
    let temporary = FileManager.default.temporaryDirectory.path
    var space = statvfs()
    let isKnown = statvfs(temporary, &space) == 0
    let limit = MemoryLimit.groupLimit.map { $0 >> 20 }
    let total = mebibytes("MemTotal")
    var examination = Examination(
      libraries: Provenance.libraries, system: ProcessInfo.processInfo.operatingSystemVersionString,
      processor: Provenance.processor, features: wanted.filter(flags.contains),
      cores: ProcessInfo.processInfo.activeProcessorCount, threads: Parallel.threads,
      memoryMiB: limit.map { min($0, total) } ?? total,
      availableMemoryMiB: mebibytes("MemAvailable"), temporaryFolder: temporary,
      temporaryFreeMiB: isKnown ? Int((UInt64(space.f_bavail) * UInt64(space.f_frsize)) >> 20) : 0)
    examination.remarks = examination.findings(flags)
    return examination
  }

  private func findings(_ flags: Set<String>) -> [String] {
    var remarks: [String] = []
    if !flags.contains("avx2") {
      remarks.append(
        "no AVX2: filters and networks run several times slower than on a processor of 2015 or later"
      )
    } else if !flags.contains("avx512f") {
      remarks.append(
        "no AVX-512: filters and networks run at about half the speed of a processor that has it")
    }
    if !flags.contains("avx512_bf16"), !flags.contains("amx_bf16") {
      remarks.append(
        "no bfloat16 instructions: 'segment.precision: auto' computes in float32, up to 2 times slower"
      )
    }
    if threads < cores {
      remarks.append(
        "OMP_NUM_THREADS allows \(threads) of \(cores) cores; unset it or give --threads \(cores)")
    }
    if availableMemoryMiB < 2048 {
      remarks.append(
        "less than 2 GiB of memory available: whole-head volumes may not fit; use --jobs 1")
    }
    if temporaryFreeMiB < 1024 { remarks.append("\(temporaryFolder): less than 1 GiB free") }
    return remarks
  }

  private static func mebibytes(_ name: String) -> Int {
    Int(field(name, of: "/proc/meminfo").split(separator: " ").first ?? "").map { $0 / 1024 } ?? 0
  }

  /// The text after `name:` in a file of lines.
  private static func field(_ name: String, of path: String) -> String {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first {
      $0.hasPrefix(name)
        && $0.dropFirst(name.count).first.map { $0 == ":" || $0.isWhitespace } ?? false
    }
    return line?.split(separator: ":", maxSplits: 1).last.map {
      $0.trimmingCharacters(in: .whitespaces)
    } ?? ""
  }
}

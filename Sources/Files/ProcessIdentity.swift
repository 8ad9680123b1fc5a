import Foundation

/// What tells one process from another, also from a later one with the same number.
public enum ProcessIdentity {
  /// This boot of this machine and the space of process numbers in it, as a short word: process numbers of two
  /// processes with the same word can be compared.
  public static let machine: String = {
    let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
    let space = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
    // FNV-1a (Fowler, Noll and Vo).
    let hash = (boot + space).utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    return String(hash, radix: 36)
  }()

  /// The start of this process.
  public static let start = start(of: getpid()) ?? "0"

  /// The start of a process in clock ticks since boot; nil where it has ended.
  public static func start(of process: Int32) -> String? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[end...].split(separator: " ")
    // A zombie has ended; only its parent has not asked how yet.
    guard fields.count > 20, fields[1] != "Z" else { return nil }
    return String(fields[20])
  }
}

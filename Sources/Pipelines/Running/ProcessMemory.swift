import Foundation

/// The memory of this process, as the Linux kernel counts it.
enum ProcessMemory {
  /// Start counting the peak anew; where the kernel refuses, the peak stays that of the whole process.
  static func resetPeak() {
    let descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = write(descriptor, "5", 1)
    close(descriptor)
  }

  /// The most memory held since the last reset, in MiB; 0 where unknown.
  static var peakMiB: Double {
    let kibibytes = field("VmHWM:", of: "/proc/self/status") ?? 0
    return (Double(kibibytes) / 1024 * 10).rounded() / 10
  }

  /// The addresses in use, in bytes, which is what `ulimit -v` counts.
  static var addressSpace: Int { (field("VmSize:", of: "/proc/self/status") ?? 0) << 10 }

  /// The number after `name` in a file of lines.
  static func field(_ name: String, of path: String) -> Int? {
    let text = try? String(contentsOfFile: path, encoding: .utf8)
    let line = text?.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
  }
}

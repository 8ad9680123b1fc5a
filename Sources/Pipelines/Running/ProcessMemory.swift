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
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({
        Double($0)
      })
    else { return 0 }
    return (kibibytes / 1024 * 10).rounded() / 10
  }
}

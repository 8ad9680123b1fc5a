import Foundation

/// The version of this package.
public let packageVersion = "0.1.0"

/// What computed a result, for `stage.json` and reports.
public enum Provenance {
  /// Package, operating system and processor.
  public static let software: [String: String] = [
    "malpighi": packageVersion,
    "system": ProcessInfo.processInfo.operatingSystemVersionString,
    "processor": processor,
  ]

  /// The name of the processor.
  public static let processor: String = {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }()
}

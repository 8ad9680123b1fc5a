import Foundation
import ImageFiles
import NeuralNetworks
import Numerics

/// The version of this package.
public let packageVersion = "0.1.0"

/// What computed a result, for `stage.json` and reports.
public enum Provenance {
  /// Package, libraries, operating system and processor.
  public static let software = libraries.merging([
    "malpighi": packageVersion, "system": ProcessInfo.processInfo.operatingSystemVersionString,
    "processor": processor,
  ]) { _, new in new }

  /// The versions of the C libraries.
  public static let libraries = ImageFileLibraries.versions
    .merging(NumericalLibraries.versions) { _, new in new }
    .merging(["oneDNN": KernelLibrary.version]) { _, new in new }

  /// The name of the processor.
  public static let processor: String = {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
      ?? "unknown"
  }()
}

import ArgumentParser
import Foundation
import ImageFiles
import Numerics

/// Reading one NIfTI file as 32-bit floating-point voxels, from the first byte to the last.
struct LoadBenchmark: Measurement {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Time the reading of a NIfTI volume.")

  @Argument(help: "The NIfTI file.") var file: String
  @Option(help: "Repetitions; the fastest counts, the first is told beside it.") var `repeat` = 5
  @Option(help: "Threads.") var threads = 2

  struct Report: Encodable {
    var file: String
    var shape: [Int]
    /// Bytes of the file, and of the voxels in memory.
    var fileBytes: Int
    var voxelBytes: Int
    /// Seconds: the fastest, and the first.
    var s: Double
    var firstS: Double
  }

  func validate() throws {
    guard `repeat` > 0, threads > 0 else { throw ValidationError("repeat and threads above 0") }
  }

  func measure() throws -> Report {
    Parallel.threads = threads
    let first = try timed { try NIfTIFile(path: file).readVolume().volume.grid.shape }
    let shape = first.result
    let rest = try timed(repetitions: max(1, `repeat` - 1)) { try NIfTIFile(path: file).readVolume() }
    let bytes = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
    return Report(
      file: URL(fileURLWithPath: file).lastPathComponent, shape: [shape.x, shape.y, shape.z],
      fileBytes: bytes ?? 0, voxelBytes: 4 * shape.x * shape.y * shape.z, s: min(first.s, rest.s),
      firstS: first.s)
  }
}

import ArgumentParser
import Foundation
import ImageFiles
import Imaging

/// Reading one NIfTI file as 32-bit floating-point voxels, from the first byte to the last.
struct LoadBenchmark: PeerMeasurement {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Time the reading of a NIfTI volume.")

  @Argument(help: "The NIfTI file.") var file: String
  @Option(help: "Repetitions; the fastest counts, the first is told beside it.") var `repeat` = 5
  @OptionGroup var common: CommonOptions
  @OptionGroup var peers: PeerOptions

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
    guard `repeat` > 0 else { throw ValidationError("repeat above 0") }
  }

  func measure() throws -> Report {
    let first = try timed { try NIfTIFile(path: file).readVolume().volume.grid.shape }
    let shape = first.result
    let rest = try timed(repetitions: max(1, `repeat` - 1)) { try NIfTIFile(path: file).readVolume() }
    let bytes = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
    return Report(
      file: URL(fileURLWithPath: file).lastPathComponent, shape: [shape.x, shape.y, shape.z],
      fileBytes: bytes ?? 0, voxelBytes: 4 * shape.x * shape.y * shape.z, s: min(first.s, rest.s),
      firstS: first.s)
  }

  func contest(in folder: URL) throws -> Contest {
    let shape = try NIfTIFile(path: file).readVolume().volume.shape
    return Contest(
      program: "load", arguments: [file],
      subject: "\(URL(fileURLWithPath: file).lastPathComponent), \(shape.x)×\(shape.y)×\(shape.z) voxels"
    ) {
      let (volume, s) = try timed { try NIfTIFile(path: file).readVolume().volume }
      let sum = volume.withVoxels { $0.reduce(0) { $0 + Double($1) } }
      return Contest.Round(seconds: ["reading": s], values: ["sum of the voxels": sum])
    }
  }
}

import Foundation
import ImageFiles
import Imaging
import Testing

/// The built executables, run as a user would.
struct Program {
  /// What a run left.
  struct Outcome {
    let status: Int32
    /// Whether a signal ended it.
    let isKilled: Bool
    let output: String
    let errors: String
  }

  /// `malpighi`.
  static let url = url(of: "malpighi")

  /// The executable `name` beside the test bundle.
  static func url(of name: String) -> URL {
    let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let candidates = [bundle, bundle.deletingLastPathComponent(), Bundle.main.bundleURL]
    return candidates.map { $0.appendingPathComponent(name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
      ?? bundle.appendingPathComponent(name)
  }

  /// Start `malpighi`, or another executable, in `folder`.
  static func start(
    _ arguments: [String], in folder: URL, environment: [String: String] = [:], executable: URL = url
  ) throws -> Process {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    return process
  }

  /// Run `malpighi-benchmarks` in `folder` to its end.
  static func benchmarks(_ arguments: [String], in folder: URL) throws -> Outcome {
    try finish(try start(arguments, in: folder, executable: url(of: "malpighi-benchmarks")))
  }

  /// Run it in `folder` to its end.
  static func run(
    _ arguments: String..., in folder: URL, environment: [String: String] = [:]
  ) throws -> Outcome {
    try finish(try start(arguments, in: folder, environment: environment))
  }

  /// Start it in `folder`, send SIGTERM as soon as there is a file or folder called `path`, and wait for its end.
  static func terminated(_ arguments: [String], in folder: URL, onceThereIs path: String) throws -> Process {
    let process = try start(arguments, in: folder)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let awaited = folder.appendingPathComponent(path).path
    let deadline = Date().addingTimeInterval(300)
    while !FileManager.default.fileExists(atPath: awaited), Date() < deadline { usleep(1000) }
    process.terminate()
    process.waitUntilExit()
    return process
  }

  /// Run a line of shell with `$MALPIGHI` standing for the program.
  static func shell(_ line: String, in folder: URL) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(["MALPIGHI": url.path]) {
      _, new in new
    }
    return try finish(process)
  }

  private static func finish(_ process: Process) throws -> Outcome {
    // Files, not pipes: nothing can fill up and block.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "malpighi-io-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let paths = ["out", "err"].map { folder.appendingPathComponent($0) }
    for path in paths { try Data().write(to: path) }
    process.standardOutput = try FileHandle(forWritingTo: paths[0])
    process.standardError = try FileHandle(forWritingTo: paths[1])
    try process.run()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, isKilled: process.terminationReason == .uncaughtSignal,
      output: try String(contentsOf: paths[0], encoding: .utf8),
      errors: try String(contentsOf: paths[1], encoding: .utf8))
  }
}

/// A mask of a box, written as NIfTI.
func writeBox(
  _ x: Range<Int>, to url: URL, shape: VoxelShape = VoxelShape(16, 12, 10), origin: Double = 0
) throws {
  try FileManager.default.createDirectory(
    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
  let grid = VoxelGrid(shape: shape, affine: Affine(spacing: [1, 1, 1], origin: [origin, 0, 0]))
  var mask = Mask(grid: grid, filledWith: 0)
  for i in x { for j in 2..<8 { for k in 3..<7 { mask[i, j, k] = 1 } } }
  try NIfTIWriter().write(mask: mask, to: url.path)
}

/// A folder with synthesized angiographies of 32×32×24 voxels.
func withAngiographies(_ count: Int, _ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "malpighi-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let made = try Program.run(
    "synthesize", "vessels", "--output", "data", "--count", "\(count)", "--set", "shape=32,32,24",
    in: folder)
  #expect(made.status == 0, "\(made.errors)")
  try body(folder)
}

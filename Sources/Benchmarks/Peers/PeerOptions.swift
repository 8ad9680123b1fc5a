import ArgumentParser
import Foundation
import Numerics

/// How a comparison with Python packages is made.
struct PeerOptions: ParsableArguments {
  @Option(
    help: "Do the same with Python packages in turns: the folder of a virtual environment that has them.")
  var againstPython: String?
  @Option(help: "Rounds of a comparison; medians count.") var rounds = 5
  @Option(help: "How many seconds a Python program may take for its start and for a round.")
  var pythonTimeout = 600.0

  func validate() throws {
    guard rounds > 0, pythonTimeout > 0 else { throw ValidationError("rounds and python-timeout above 0") }
  }
}

/// A benchmark whose work Python packages do as well.
protocol PeerMeasurement: Measurement {
  var peers: PeerOptions { get }
  /// Our side of the comparison, prepared; `folder` is for files that both sides need.
  func contest(in folder: URL) throws -> Contest
}

extension PeerMeasurement {
  func result() throws -> BenchmarkResult<Report> {
    Parallel.threads = common.threads
    guard let venv = peers.againstPython else { return BenchmarkResult(report: try measure()) }
    let interpreter = try PeerProgram.interpreter(in: venv)
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("malpighi-benchmarks-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let contest = try contest(in: folder)
    let program = try PeerProgram(
      contest.program, arguments: contest.arguments, interpreter: interpreter, folder: folder,
      threads: common.threads, timeout: peers.pythonTimeout)
    defer { program.end() }
    return BenchmarkResult(comparison: try contest.run(against: program, rounds: peers.rounds))
  }
}

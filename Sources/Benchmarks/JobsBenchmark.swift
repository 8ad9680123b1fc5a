import ArgumentParser
import Foundation

/// A batch of small angiographies with one worker and with several, one thread each, in turns.
struct JobsBenchmark: Measurement {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "Time a batch with one worker and with several.")

  @Option(help: "Cases of the batch.") var count = 24
  @Option(help: "Workers.") var jobs = 2
  @Option(help: "Rounds; medians count.") var rounds = 5
  @OptionGroup var common: CommonOptions

  struct Report: Encodable {
    var count: Int
    var jobs: Int
    /// Median seconds with one worker, and with `jobs` of them.
    var oneS: Double
    var severalS: Double
    /// How many times the cases of one worker several finish in the same time.
    var throughput: Double
  }

  func validate() throws {
    guard count > 0, jobs > 1, rounds > 0 else {
      throw ValidationError("count and rounds above 0, jobs above 1")
    }
  }

  func measure() throws -> Report {
    let malpighi = try SiblingProgram("malpighi")
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("malpighi-jobs-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let data = folder.appendingPathComponent("data").path
    func run(_ arguments: [String]) throws {
      _ = try malpighi.output(of: arguments, environment: ["OMP_NUM_THREADS": "1"], isQuiet: true)
    }
    try run(["synthesize", "vessels", "--output", data, "--count", "\(count)", "--set", "shape=64,64,48"])
    func seconds(_ jobs: Int, _ round: Int) throws -> Double {
      let output = folder.appendingPathComponent("out-\(jobs)-\(round)").path
      return try timed {
        try run([
          "batch", "vessels-frangi", "\(data)/images", "--output", output, "--jobs", "\(jobs)", "--threads",
          "\(jobs)",
        ])
      }.s
    }
    var (one, several): ([Double], [Double]) = ([], [])
    for round in 0..<rounds {
      one.append(try seconds(1, round))
      several.append(try seconds(jobs, round))
    }
    return Report(
      count: count, jobs: jobs, oneS: median(one), severalS: median(several),
      throughput: median(one) / median(several))
  }
}

import ArgumentParser
import Foundation

/// Every benchmark that needs no data, one JSON object each, then those whose data are named.
struct AllBenchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all", abstract: "Run the benchmarks one after another; one JSON line each.")

  @Option(help: "Threads.") var threads = 2
  @Option(help: "A NIfTI volume to load.") var volume: String?
  @Option(help: "A NIfTI mask to score.") var prediction: String?
  @Option(help: "Its reference mask.") var label: String?

  struct Line<Report: Encodable>: Encodable {
    var benchmark: String
    var arguments: [String]
    var report: Report
  }

  func validate() throws {
    guard threads > 0 else { throw ValidationError("threads above 0") }
    guard (prediction == nil) == (label == nil) else {
      throw ValidationError("name both --prediction and --label, or neither")
    }
  }

  func run() throws {
    try line(KernelsBenchmark.self, [])
    for width in ["16", "32"] { try line(UNetBenchmark.self, ["--width", width, "--repeat", "3"]) }
    try line(GliomaBenchmark.self, ["--nt", "48", "--nx", "24"])
    if let volume { try line(LoadBenchmark.self, [volume]) }
    if let prediction, let label { try line(MetricsBenchmark.self, [prediction, label]) }
  }

  private func line<Benchmark: Measurement>(_ type: Benchmark.Type, _ arguments: [String]) throws {
    let arguments = arguments + ["--threads", "\(threads)"]
    try printJSON(
      Line(
        benchmark: type.configuration.commandName ?? "", arguments: arguments,
        report: try type.parse(arguments).measure()))
    fflush(nil)
  }
}

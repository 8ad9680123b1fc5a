import ArgumentParser
import Foundation

/// Every benchmark that needs no data, one JSON object each, then those whose data are named.
struct AllBenchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all", abstract: "Run the benchmarks one after another; one JSON line each.",
    discussion: "With --against-python those that Python packages can do are compared with them.")

  @Option(help: "A NIfTI volume to load and to run a network over.") var volume: String?
  @Option(help: "A NIfTI mask to score.") var prediction: String?
  @Option(help: "Its reference mask.") var label: String?
  @Option(help: "A smear to separate.") var smear: String?
  @OptionGroup var common: CommonOptions
  @OptionGroup var peers: PeerOptions

  struct Line<Report: Encodable>: Encodable {
    var benchmark: String
    var arguments: [String]
    var report: Report?
    var comparison: Comparison?
  }

  func validate() throws {
    guard (prediction == nil) == (label == nil) else {
      throw ValidationError("name both --prediction and --label, or neither")
    }
  }

  func run() throws {
    try line(KernelsBenchmark.self, [])
    for width in ["16", "32"] { try compared(UNetBenchmark.self, ["--width", width]) }
    try line(GliomaBenchmark.self, ["--nt", "48", "--nx", "24"])
    if let volume {
      try compared(LoadBenchmark.self, [volume])
      for precision in ["f32", "bf16"] {
        try compared(InferBenchmark.self, [volume, "--precision", precision])
      }
    }
    if let prediction, let label { try compared(MetricsBenchmark.self, [prediction, label]) }
    if let smear { try compared(SeparateBenchmark.self, [smear]) }
  }

  private func compared<Benchmark: PeerMeasurement>(_ type: Benchmark.Type, _ arguments: [String]) throws {
    var arguments = arguments
    if let venv = peers.againstPython {
      arguments += [
        "--against-python", venv, "--rounds", "\(peers.rounds)", "--python-timeout", "\(peers.pythonTimeout)",
      ]
    }
    try line(type, arguments)
  }

  private func line<Benchmark: Measurement>(_ type: Benchmark.Type, _ arguments: [String]) throws {
    let named = ["--threads", "\(common.threads)"] + (common.record.map { ["--record", $0] } ?? [])
    let benchmark = try type.parse(arguments + named)
    let result = try benchmark.result()
    try benchmark.keep(result, arguments: arguments + named)
    try printJSON(
      Line(
        benchmark: type.configuration.commandName ?? "",
        arguments: RecordedResult<Benchmark.Report>.portable(arguments + named), report: result.report,
        comparison: result.comparison))
  }
}

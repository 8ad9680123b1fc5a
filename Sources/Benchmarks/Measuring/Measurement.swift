import ArgumentParser
import Foundation
import Numerics

/// A benchmark: what it measures is printed as one JSON object.
protocol Measurement: ParsableCommand {
  associatedtype Report: Encodable
  /// The options that every benchmark has.
  var common: CommonOptions { get }
  /// What tells its results from those with other options, in names of files: such as `width16`.
  var variation: [String] { get }
  func measure() throws -> Report
  /// What is printed and kept: a report, or a comparison with other packages.
  func result() throws -> BenchmarkResult<Report>
}

/// What every benchmark can be told.
struct CommonOptions: ParsableArguments {
  @Option(help: "Threads.") var threads = 2
  @Option(help: "Keep the result as JSON in this folder, with a description of the machine.")
  var record: String?

  func validate() throws {
    guard threads > 0 else { throw ValidationError("threads above 0") }
  }
}

extension Measurement {
  var variation: [String] { [] }

  func result() throws -> BenchmarkResult<Report> {
    Parallel.threads = common.threads
    return BenchmarkResult(report: try measure())
  }

  func run() throws {
    let result = try result()
    try result.print()
    try keep(result, arguments: Array(CommandLine.arguments.dropFirst(2)))
  }

  /// Write `result` where `--record` says.
  func keep(_ result: BenchmarkResult<Report>, arguments: [String]) throws {
    guard let record = common.record else { return }
    let name = ([Self.configuration.commandName ?? "benchmark"] + variation).joined(separator: "-")
    try RecordedResult(benchmark: Self.configuration.commandName ?? "", arguments: arguments, result: result)
      .write(to: URL(fileURLWithPath: record).appendingPathComponent("\(name).json"))
  }
}

/// What one benchmark found.
struct BenchmarkResult<Report: Encodable>: Encodable {
  /// What it measured by itself.
  var report: Report?
  /// What it and a Python program measured in turns.
  var comparison: Comparison?

  /// Print the report or the comparison as JSON, and a table of a comparison to standard error.
  func print() throws {
    if let report { try printJSON(report) }
    if let comparison {
      try printJSON(comparison)
      FileHandle.standardError.write(Data((comparison.table + "\n").utf8))
    }
  }
}

/// `value` as JSON with keys in snake case, sorted.
func encoded(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting = []) throws -> Data {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
  return try encoder.encode(value)
}

/// Print `value` as one line of JSON.
func printJSON(_ value: some Encodable) throws {
  print(String(decoding: try encoded(value), as: UTF8.self))
  fflush(nil)
}

/// The result of `body` and the seconds it took: the least of `repetitions`.
func timed<Result>(repetitions: Int = 1, _ body: () throws -> Result) rethrows -> (result: Result, s: Double)
{
  var best = Double.infinity
  var result: Result
  var left = repetitions
  repeat {
    let start = ContinuousClock.now
    result = try body()
    best = min(best, (ContinuousClock.now - start) / .seconds(1))
    left -= 1
  } while left > 0
  return (result, (best * 1e6).rounded() / 1e6)
}

/// The middle of `values`, the mean of the middle two; not a number for none.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return .nan }
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

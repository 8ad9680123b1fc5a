import ArgumentParser
import Foundation
import Numerics

/// A benchmark: what it measures is printed as one JSON object.
protocol Measurement: ParsableCommand {
  associatedtype Report: Encodable
  func measure() throws -> Report
}

extension Measurement {
  func run() throws { try printJSON(try measure()) }
}

/// Print `value` as JSON with keys in snake case, sorted.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
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

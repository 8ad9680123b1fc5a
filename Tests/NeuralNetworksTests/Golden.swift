import Foundation
import Testing

/// A file of golden values, made by the script of the same name beside it.
func golden<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
  try JSONDecoder().decode(type, from: Data(contentsOf: goldenURL(name)))
}

/// The place of a golden file.
func goldenURL(_ name: String) -> URL {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(name)")
}

/// The largest difference of two arrays, divided by the largest magnitude in `expected`.
func relativeError(_ found: some Collection<Float>, _ expected: some Collection<Float>) -> Float {
  guard found.count == expected.count else { return .infinity }
  let scale = expected.map(abs).max() ?? 0
  let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
  // A NaN must not pass as a small error.
  return found.allSatisfy(\.isFinite) ? difference / max(scale, .leastNormalMagnitude) : .infinity
}

/// Whether no value is infinite or not a number.
func allFinite(_ values: [Float]) -> Bool { values.allSatisfy { $0.isFinite } }

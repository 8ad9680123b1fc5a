import Foundation

/// A result as it is kept: what was measured, how, when and on what. It names neither the machine nor places on it.
struct RecordedResult<Report: Encodable>: Encodable {
  var benchmark: String
  /// The arguments, without the folders of files and without what concerns this machine alone.
  var arguments: [String]
  /// The day in UTC, as in 2026-11-22.
  var date: String
  var machine: MachineDescription
  var report: Report?
  var comparison: Comparison?

  init(benchmark: String, arguments: [String], result: BenchmarkResult<Report>) {
    self.benchmark = benchmark
    self.arguments = Self.portable(arguments)
    date = Date().formatted(.iso8601.year().month().day())
    machine = .ofThisMachine()
    (report, comparison) = (result.report, result.comparison)
  }

  func write(to file: URL) throws {
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let text = try encoded(self, .prettyPrinted) + Data("\n".utf8)
    try text.write(to: file, options: .atomic)
  }

  /// Paths become names; the folders given to `--record` and `--against-python` are left out.
  static func portable(_ arguments: [String]) -> [String] {
    var result: [String] = []
    var isLeftOut = false
    for argument in arguments {
      if isLeftOut {
        isLeftOut = false
      } else if argument == "--record" {
        isLeftOut = true
      } else if argument == "--against-python" {
        result += [argument, "VENV"]
        isLeftOut = true
      } else {
        result.append(argument.contains("/") ? URL(fileURLWithPath: argument).lastPathComponent : argument)
      }
    }
    return result
  }
}

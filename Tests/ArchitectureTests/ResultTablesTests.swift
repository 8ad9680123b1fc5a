import Foundation
import Testing

/// Times in README and documentation, held against the results in `Sources/Benchmarks/Results`.
///
/// A table between `<!-- results: NAME ... -->` and `<!-- end of results -->` is drawn from the comparisons of these names. A
/// number in a sentence names its result behind it: `95 ms<!-- result: glioma-adam report.epoch_ms -->`.
@Suite("Times in the documentation")
struct ResultTablesTests {
  private static let root = ModuleMapTests.sources.deletingLastPathComponent()
  private static let folder = ModuleMapTests.sources.appendingPathComponent("Benchmarks/Results")
  private static let end = "<!-- end of results -->"

  private static var documents: [URL] {
    let all = FileManager.default.enumerator(
      at: ModuleMapTests.sources.resolvingSymlinksInPath(), includingPropertiesForKeys: nil)
    let articles = all?.compactMap { $0 as? URL }.filter { $0.pathExtension == "md" } ?? []
    return [root.appendingPathComponent("README.md")] + articles.sorted { $0.path < $1.path }
  }

  private static func result(_ name: Substring) throws -> [String: Any] {
    let file = folder.appendingPathComponent("\(name).json")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any], "\(name)")
  }

  @Test("Tables of times are those of the recorded results")
  func tables() throws {
    var found = 0
    for document in Self.documents {
      var text = try String(contentsOf: document, encoding: .utf8)
      var place = text.startIndex
      while let mark = text[place...].firstMatch(of: /<!-- results: ([^>]*) -->\n/) {
        let end = try #require(text[mark.range.upperBound...].range(of: Self.end), "\(document.path)")
        let drawn = try Self.table(mark.1.split(separator: " "))
        let shown = mark.range.upperBound..<end.lowerBound
        if ProcessInfo.processInfo.environment["MALPIGHI_RECORD"] != nil {
          text.replaceSubrange(shown, with: drawn)
          try Data(text.utf8).write(to: document)
          place = try #require(text[mark.range.lowerBound...].range(of: Self.end)).upperBound
        } else {
          #expect(text[shown] == drawn, "\(document.lastPathComponent): MALPIGHI_RECORD=1 draws it again")
          place = end.upperBound
        }
        found += 1
      }
    }
    #expect(found > 0)
  }

  @Test("Numbers that name a result are its numbers, rounded")
  func numbers() throws {
    let pattern = /(\d+(?:\.\d+)?(?:e-?\d+)?)[^\d<|]*<!-- result: (\S+) ([^>]+) -->/
    var found = 0
    for document in Self.documents {
      for match in try String(contentsOf: document, encoding: .utf8).matches(of: pattern) {
        var value: Any? = try Self.result(match.2)
        for key in match.3.split(separator: ".") {
          value = (value as? [String: Any])?[String(key)] ?? (value as? [Any])?[Int(key) ?? 0]
        }
        let recorded = try #require((value as? NSNumber)?.doubleValue, "\(match.2) \(match.3)")
        let shown = try #require(Double(match.1))
        // Half a unit of the last digit shown.
        let mantissa = match.1.split(separator: "e")[0]
        let digits = mantissa.split(separator: ".").dropFirst().first?.count ?? 0
        let exponent = match.1.split(separator: "e").dropFirst().first.flatMap { Double($0) } ?? 0
        #expect(
          abs(shown - recorded) <= 0.5001 * pow(10, exponent - Double(digits)),
          "\(document.lastPathComponent): \(match.1), recorded \(recorded)")
        found += 1
      }
    }
    #expect(found > 0)
  }

  @Test("Results name no machine and no place")
  func anonymous() throws {
    let files = try FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)
    #expect(!files.isEmpty)
    for file in files {
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(!text.contains(ProcessInfo.processInfo.hostName) && !text.contains("\"/"), "\(file.path)")
      let result = try Self.result(Substring(file.deletingPathExtension().lastPathComponent))
      for key in ["machine", "date", "arguments", "benchmark"] { #expect(result[key] != nil, "\(key)") }
    }
  }

  /// The comparisons of `names` as Markdown, and what they were made on.
  private static func table(_ names: [Substring]) throws -> String {
    var lines = ["| work | Malpighi | Python | ratio |", "| --- | --- | --- | --- |"]
    var (commands, packages, machines): ([String], [String: String], Set<String>) = ([], [:], [])
    for name in names {
      let result = try result(name)
      let comparison = try #require(result["comparison"] as? [String: Any], "\(name)")
      for row in try #require(comparison["rows"] as? [[String: Any]]) {
        func number(_ key: String) throws -> Double { try #require((row[key] as? NSNumber)?.doubleValue) }
        let work = "\(row["subject"] ?? ""): \(row["name"] ?? "")"
        lines.append(
          "| \(work) | \(time(try number("ours_s"))) | \(time(try number("python_s"))) | "
            + String(format: try number("ratio") < 10 ? "%.1f" : "%.0f", try number("ratio")) + " |")
      }
      let arguments = result["arguments"] as? [String] ?? []
      commands.append(
        "`malpighi-benchmarks \(result["benchmark"] ?? "") \(arguments.joined(separator: " "))`")
      packages.merge(comparison["packages"] as? [String: String] ?? [:]) { $1 }
      let machine = try #require(result["machine"] as? [String: Any])
      let features = machine["features"] as? [String] ?? []
      let fastest = features.contains("amx_bf16") ? "AMX" : features.last ?? "baseline"
      machines.insert(
        "\(machine["processor"] ?? "") (\(fastest)), \(machine["cores"] ?? 0) cores, \(result["date"] ?? "")")
    }
    let versions = packages.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return lines.joined(separator: "\n")
      + "\n\nMedians of rounds in turns, on \(machines.sorted().joined(separator: "; "))"
      + ", with \(versions.joined(separator: ", ")). Again: \(commands.joined(separator: ", ")).\n"
  }

  private static func time(_ seconds: Double) -> String {
    let (value, unit) = seconds >= 1 ? (seconds, "s") : (1000 * seconds, "ms")
    return String(format: value >= 100 ? "%.0f " : value >= 10 ? "%.1f " : "%.2f ", value) + unit
  }
}

import Foundation
import Reports

/// One row a case: what `summary.json`, `metrics.tsv` and `index.html` show.
public struct BatchSummary: Sendable, Codable {
  /// A case.
  public struct Row: Sendable, Codable {
    /// The id.
    public var id: String
    /// How it ended.
    public var status: CaseStatus
    /// Its exit code.
    public var exitCode: Int
    /// Why it failed.
    public var error: String?
    /// Wall time.
    public var seconds: Double
    /// The scores; null where undefined.
    public var metrics: [String: Double?]

    enum CodingKeys: String, CodingKey {
      case id, status
      case exitCode = "exit_code"
      case error, seconds, metrics
    }

    /// A row.
    public init(
      id: String, status: CaseStatus, exitCode: Int, error: String?, seconds: Double,
      metrics: [String: Double?]
    ) {
      self.id = id
      self.status = status
      self.exitCode = exitCode
      self.error = error
      self.seconds = seconds
      self.metrics = metrics
    }
  }

  /// The rows, sorted by id.
  public var cases: [Row]
  /// The mean of each score over the cases where it is defined.
  public var mean: [String: Double?]
  /// In how many finished cases each score is undefined; those are not part of the mean.
  public var undefined: [String: Int]
  /// How many cases failed.
  public var failed: Int

  /// The summary of `rows`.
  public init(_ rows: [Row]) {
    cases = rows.sorted { $0.id < $1.id }
    failed = rows.count { $0.status == .failed }
    (mean, undefined) = ScoreTable.means(of: cases.filter { $0.status != .failed }.map(\.metrics))
  }

  /// The summary of all cases that left a record in `output`.
  public init(of output: URL) throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: output.path)) ?? []
    // Of each record only the row is read.
    self.init(
      names.compactMap { CaseRecord.read(Row.self, in: output.appendingPathComponent($0, isDirectory: true)) }
    )
  }

  /// The names of the scores, in the order of a table.
  public var metricNames: [String] { ScoreTable.ordered(Set(cases.flatMap(\.metrics.keys))) }

  /// Write the summary of all cases that left a record in `output`, and return it. Other parts of the batch may do so
  /// at the same time: whoever writes last has looked at all that was there.
  @discardableResult
  public static func write(of output: URL, title: String) throws -> BatchSummary {
    Leftovers.remove(from: output)
    while true {
      let before = signature(of: output)
      let summary = try BatchSummary(of: output)
      try summary.write(to: output, title: title)
      if signature(of: output) == before || Interruption.isRequested { return summary }
    }
  }

  /// What changes when a record is written.
  private static func signature(of output: URL) -> [String: [Int]] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: output.path)) ?? []
    return Dictionary(
      uniqueKeysWithValues: names.map { name in
        (name, CaseSeal.stamp(of: CaseRecord.url(in: output.appendingPathComponent(name, isDirectory: true))))
      }.filter { !$0.1.isEmpty })
  }

  /// Write `summary.json`, `metrics.tsv` and `index.html` into `output`.
  public func write(to output: URL, title: String) throws {
    try writeFile(try JSONText.encode(self), to: output.appendingPathComponent("summary.json"))
    try writeFile(Data(table.utf8), to: output.appendingPathComponent("metrics.tsv"))
    try writeFile(
      Data(try index(title: title).utf8), to: output.appendingPathComponent("index.html"))
  }

  private var table: String {
    let names = metricNames
    var table = TabSeparatedValues(columns: ["case", "status"] + names)
    for row in cases {
      table.append(
        [row.id, row.status.rawValue] + names.map { ScoreTable.text(row.metrics[$0] ?? nil) })
    }
    return table.text
  }
}

extension BatchSummary.Row {
  /// The row of a case's record.
  public init(_ record: CaseRecord) {
    self.init(
      id: record.id, status: record.status, exitCode: record.exitCode, error: record.error,
      seconds: record.seconds, metrics: record.metrics)
  }
}

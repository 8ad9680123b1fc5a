import Foundation

/// What a batch would do: its cases, where their results go, the memory each takes, and which of them are done.
public struct BatchPlan: Sendable, Encodable {
  /// A case.
  public struct Item: Sendable, Encodable {
    /// The id.
    public let id: String
    /// The file or folder.
    public let input: String
    /// The label, where there is one.
    public let label: String?
    /// The folder of its results.
    public let output: String
    /// Whether it is done and unchanged.
    public let isDone: Bool
    /// Whether it failed before and nothing has changed.
    public let hasFailed: Bool
    /// The most memory it takes, from its headers; nil where they cannot be read.
    public let memoryMiB: Int?
    /// Why its headers cannot be read.
    public let error: String?

    enum CodingKeys: String, CodingKey {
      case id, input, label, output
      case isDone = "done"
      case hasFailed = "failed_before"
      case memoryMiB = "memory_mib"
      case error
    }
  }

  /// The name of the pipeline.
  public let pipeline: String
  /// How the folder is laid out.
  public let layout: String
  /// What is odd about the folder.
  public let remarks: [String]
  /// The cases.
  public let cases: [Item]
  /// The script of a job array, where the batch is for Slurm.
  public var script: String?

  /// The plan of running `pipeline` on `cases` of the folder `found`. Only headers are read.
  public init(_ pipeline: Pipeline, _ cases: [Case], found: CaseDiscovery, output: URL, overwrites: Bool) {
    self.pipeline = pipeline.name
    layout = found.layout.rawValue
    remarks = found.remarks
    let ledger = Ledger(output: output, pipeline: pipeline)
    let entries = overwrites ? cases.map { _ in .open } : ledger.entries(of: cases)
    self.cases = zip(cases, entries).map { item, entry in
      let estimate = Result { try pipeline.memoryEstimate(for: item) }
      var error: String?
      if case .failure(let reason) = estimate { error = ExitStatus.message(of: reason) }
      var (isDone, hasFailed) = (false, false)
      switch entry {
      case .current: isDone = true
      case .lastingFailure: hasFailed = true
      case .open: break
      }
      return Item(
        id: item.id, input: item.input.path, label: item.label?.path,
        output: output.appendingPathComponent(item.id).path, isDone: isDone, hasFailed: hasFailed,
        memoryMiB: (try? estimate.get()).map { ($0 + (1 << 20) - 1) >> 20 }, error: error)
    }
  }
}

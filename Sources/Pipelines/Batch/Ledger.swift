import Dispatch
import Foundation
import Reports
import Synchronization

/// The records of a folder of results: one `case.json` a case, one `.claim` while a case is being worked on. There is no
/// database and no lock, so that any number of machines can share the folder.
public struct Ledger: Sendable {
  /// What the ledger says of a case before anything is computed.
  public enum Entry: Sendable {
    /// Done with this pipeline, and neither inputs nor outputs have changed.
    case current(BatchSummary.Row)
    /// Failed for what its files hold, and they have not changed: trying again would fail again.
    case lastingFailure(BatchSummary.Row)
    /// To be done.
    case open
  }

  /// The folder of results.
  public let output: URL
  private let pipeline: Pipeline
  private let snapshot: PipelineSnapshot
  private let digest: String?
  private let versions: [String]

  /// The ledger of `output` as seen by `pipeline`.
  public init(output: URL, pipeline: Pipeline) {
    self.output = output
    self.pipeline = pipeline
    snapshot = pipeline.snapshot.asRead
    digest = snapshot.digest
    versions = CaseSeal.versions(of: pipeline)
  }

  /// The entry of `item`.
  public func entry(of item: Case) -> Entry {
    let folder = output.appendingPathComponent(item.id, isDirectory: true)
    guard let record = CaseRecord.read(CaseRecord.Outline.self, in: folder), record.source.isSame(as: item),
      let seal = record.seal, seal.versions == versions, record.isOf(snapshot, digest: digest, in: folder)
    else { return .open }
    switch (record.row.status, record.row.exitCode) {
    case (.done, _): return seal.holds(in: folder) ? .current(record.row) : .open
    case (.failed, ExitStatus.badData.rawValue):
      return seal.holds(in: folder) ? .lastingFailure(record.row) : .open
    default: return .open
    }
  }

  /// The entries of `items`, in order; files are looked at by several threads at once.
  public func entries(of items: [Case]) -> [Entry] {
    let entries = Mutex([Entry](repeating: .open, count: items.count))
    let chunk = 64
    DispatchQueue.concurrentPerform(iterations: (items.count + chunk - 1) / chunk) { part in
      let range = part * chunk..<min(items.count, (part + 1) * chunk)
      let found = range.map { entry(of: items[$0]) }
      entries.withLock { for (index, entry) in zip(range, found) { $0[index] = entry } }
    }
    return entries.withLock { $0 }
  }
}

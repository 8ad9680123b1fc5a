import Foundation
import Reports

/// How a case ended.
public enum CaseStatus: String, Sendable, Codable, Hashable {
  /// Every stage that applies is done.
  case done
  /// Some stages are done: a run of a single stage.
  case partial
  /// A stage failed.
  case failed
  /// Stopped by a signal.
  case interrupted
}

/// What `case.json` says, the ledger's entry of one case: how it ended, and all that is needed to do it again.
public struct CaseRecord: Sendable, Codable {
  /// The id.
  public var id: String
  /// How it ended.
  public var status: CaseStatus
  /// The exit code a run of this case alone would have.
  public var exitCode: Int
  /// The message, where it failed.
  public var error: String?
  /// Wall time of the last run.
  public var seconds: Double
  /// The scores; null where undefined.
  public var metrics: [String: Double?]
  /// What was odd, each with its stage.
  public var warnings: [String]
  /// The case.
  public var source: Case
  /// The pipeline with every parameter.
  public var pipeline: PipelineSnapshot
  /// What it read and wrote, to see whether that is still so.
  public var seal: CaseSeal?

  enum CodingKeys: String, CodingKey {
    case id, status
    case exitCode = "exit_code"
    case error, seconds, metrics, warnings, source, pipeline, seal
  }

  /// The file of the record in the folder of its case.
  static func url(in caseFolder: URL) -> URL { caseFolder.appendingPathComponent("case.json") }

  /// Write the record, complete or not at all.
  func write(in caseFolder: URL) throws {
    try writeFile(try JSONText.encode(self), to: Self.url(in: caseFolder))
  }

  /// The record in `caseFolder`, or nil.
  public static func read(in caseFolder: URL) -> CaseRecord? { read(CaseRecord.self, in: caseFolder) }

  /// Part of the record in `caseFolder`, or nil.
  static func read<Part: Decodable>(_ part: Part.Type, in caseFolder: URL) -> Part? {
    FileManager.default.contents(atPath: url(in: caseFolder).path)
      .flatMap { try? JSONText.decode(part, from: $0) }
  }

  /// What a record says of a case without its pipeline, which takes most of the time of reading it.
  struct Outline: Decodable {
    let row: BatchSummary.Row
    let source: Case
    let seal: CaseSeal?

    init(from decoder: any Decoder) throws {
      row = try BatchSummary.Row(from: decoder)
      let values = try decoder.container(keyedBy: CodingKeys.self)
      source = try values.decode(Case.self, forKey: .source)
      seal = try values.decodeIfPresent(CaseSeal.self, forKey: .seal)
    }

    /// Whether the case in `caseFolder` was run with `pipeline`, whose digest is `digest`.
    func isOf(_ pipeline: PipelineSnapshot, digest: String?, in caseFolder: URL) -> Bool {
      seal?.pipeline.map { $0 == digest } ?? (CaseRecord.read(in: caseFolder)?.pipeline == pipeline)
    }
  }
}

import Foundation
import Reports

/// What `batch.json` in the folder of results says: the cases a batch is about, done or not, so that `malpighi status`
/// can tell what is missing.
public struct BatchManifest: Sendable, Codable, Equatable {
  /// The pipeline with every parameter.
  public var pipeline: PipelineSnapshot
  /// The folder of cases.
  public var folder: URL
  /// The cases, of all parts.
  public var cases: [Case]

  /// A manifest.
  public init(pipeline: PipelineSnapshot, folder: URL, cases: [Case]) {
    self.pipeline = pipeline
    self.folder = folder
    self.cases = cases
  }

  private static func url(in output: URL) -> URL { output.appendingPathComponent("batch.json") }

  /// The manifest in `output`, or nil.
  public static func read(in output: URL) -> BatchManifest? {
    FileManager.default.contents(atPath: url(in: output).path)
      .flatMap { try? JSONText.decode(BatchManifest.self, from: $0) }
  }

  /// Write the manifest; one that is there and says the same is left alone, so that a thousand parts of a batch do
  /// not write it a thousand times.
  public func write(in output: URL) throws {
    let data = try JSONText.encode(self)
    guard FileManager.default.contents(atPath: Self.url(in: output).path) != data else { return }
    try writeFile(data, to: Self.url(in: output))
  }
}

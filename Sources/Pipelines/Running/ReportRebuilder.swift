import Foundation

/// Builds the reports of finished cases again, from what their stages left.
public struct ReportRebuilder: Sendable {
  /// The stages pipelines may name.
  public let registry: StageRegistry

  /// A rebuilder.
  public init(registry: StageRegistry) { self.registry = registry }

  /// Rebuild the report of every case in `folder` (a folder of results, or of one case), and the summary and index.
  /// Returns the reports written.
  public func rebuild(_ folder: URL) throws -> [URL] {
    guard FileManager.default.fileExists(atPath: folder.path) else {
      throw PipelineError.noInput("\(folder.path): no such folder")
    }
    if let record = CaseRecord.read(in: folder) {
      let output = folder.deletingLastPathComponent()
      let reports = try rebuild(record, in: output)
      return reports
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    let records = names.compactMap {
      CaseRecord.read(in: folder.appendingPathComponent($0, isDirectory: true))
    }
    guard let first = records.first else {
      throw PipelineError.noInput(
        "\(folder.path): no results (no CASE/case.json). Give the --output folder of 'malpighi run' or 'batch'."
      )
    }
    var reports: [URL] = []
    for record in records where record.status == .done || record.status == .partial {
      reports += try rebuild(record, in: folder)
    }
    try BatchSummary.write(of: folder, title: first.pipeline.name)
    return reports + [folder.appendingPathComponent("index.html")]
  }

  /// Write the summary and index of all cases in `folder`, their pages left as they are.
  public func rebuildIndex(_ folder: URL) throws -> BatchSummary {
    let status = try BatchStatus(of: folder)
    return try BatchSummary.write(of: folder, title: status.pipeline ?? folder.lastPathComponent)
  }

  private func rebuild(_ record: CaseRecord, in output: URL) throws -> [URL] {
    let pipeline = try Pipeline(record.pipeline, registry: registry)
    var reports: [URL] = []
    for step in pipeline.steps where step.type.outputs.contains(where: { $0.role == .report }) {
      var runner = CaseRunner(pipeline: pipeline, output: output)
      runner.onlyStage = step.name
      runner.overwrites = true
      try runner.run(record.source)
      reports += step.type.outputs.filter { $0.role == .report }.map {
        runner.folder(of: record.id).appendingPathComponent($0.file)
      }
    }
    guard !reports.isEmpty else {
      throw PipelineError.configuration(
        "pipeline \(pipeline.name): has no stage that writes a report")
    }
    return reports
  }
}

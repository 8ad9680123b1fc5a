import Foundation
import Reports

/// Scores of a folder of predictions against a folder of references, or of one file against another.
public struct FolderEvaluation: Sendable {
  /// How a pair is scored.
  public let evaluation: MaskEvaluation
  /// Told before each pair, with its position and the number of pairs.
  public var onPair: @Sendable (String, Int, Int) -> Void = { _, _, _ in }

  private let registry: StageRegistry

  /// An evaluation of many pairs; the masks in folders of results are found through `registry`.
  public init(_ evaluation: MaskEvaluation, registry: StageRegistry = .builtIn) {
    self.evaluation = evaluation
    self.registry = registry
  }

  /// One row a reference, in order of the ids. A reference without a prediction is a failure, not left out; so is a
  /// pair that cannot be scored. A prediction without a reference is told in `remarks`.
  public func rows(prediction: URL, reference: URL) throws -> (
    rows: [BatchSummary.Row], remarks: [String]
  ) {
    let isFolder = try (folder(prediction), folder(reference))
    guard isFolder.0 == isFolder.1 else {
      throw PipelineError.usage(
        "\(prediction.path), \(reference.path): one is a file, the other a folder; give two of a kind"
      )
    }
    if !isFolder.0 {
      // One pair: its fault is the fault of the command.
      return ([try row(CaseIdentifier.id(of: prediction), prediction, reference)], [])
    }
    let predictions = try files(prediction)
    let references = try files(reference)
    guard !references.isEmpty else {
      throw PipelineError.noInput("\(reference.path): no NIfTI or PNG files to compare with")
    }
    var rows: [BatchSummary.Row] = []
    for (index, id) in references.keys.sorted().enumerated() {
      if Interruption.isRequested {
        throw PipelineError.interrupted("interrupted after \(index) of \(references.count) pairs")
      }
      onPair(id, index, references.count)
      guard let expected = references[id] else { continue }
      guard let found = predictions[id] else {
        rows.append(failure(id, .noInput("\(prediction.path): no prediction for '\(id)'")))
        continue
      }
      do { rows.append(try row(id, found, expected)) } catch { rows.append(failure(id, error)) }
    }
    let unused = predictions.keys.filter { references[$0] == nil }.sorted()
    let remarks =
      unused.isEmpty
      ? [] : ["\(unused.count) predictions without a reference: \(shortList(unused))"]
    return (rows, remarks)
  }

  private func row(_ id: String, _ prediction: URL, _ reference: URL) throws -> BatchSummary.Row {
    let start = ContinuousClock.now
    let scores = try evaluation.scores(prediction: prediction, reference: reference)
    let metrics = evaluation.metrics.map { ($0.rawValue, scores[$0]) }
    return BatchSummary.Row(
      id: id, status: .done, exitCode: 0, error: nil, seconds: start.secondsAgo,
      metrics: Dictionary(metrics) { first, _ in first })
  }

  private func failure(_ id: String, _ error: any Error) -> BatchSummary.Row {
    BatchSummary.Row(
      id: id, status: .failed, exitCode: ExitStatus(of: error).rawValue,
      error: ExitStatus.message(of: error),
      seconds: 0, metrics: [:])
  }

  private func failure(_ id: String, _ error: PipelineError) -> BatchSummary.Row {
    failure(id, error as any Error)
  }

  private func folder(_ url: URL) throws -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw PipelineError.noInput("\(url.path): no such file or folder")
    }
    return isFolder.boolValue
  }

  /// The images of a folder by id: its own files, or those of `labels/`; or, of a folder of results, the mask of
  /// each case.
  private func files(_ folder: URL) throws -> [String: URL] {
    let listing = try FolderListing(folder)
    if !listing.files.contains(where: { CaseIdentifier.withoutEnding($0) != nil }) {
      for name in ["labels", "labelsTr", "labelsTs"] where listing.folders.contains(name) {
        return try files(listing.url(name))
      }
      let results = Dictionary(
        uniqueKeysWithValues: listing.folders.compactMap { id in
          result(of: listing.url(id)).map { (id, $0) }
        })
      if !results.isEmpty { return results }
    }
    var files: [String: URL] = [:]
    for name in listing.files
    where CaseIdentifier.withoutEnding(name) != nil && !name.hasSuffix(".img") {
      let url = listing.url(name)
      let id = try CaseIdentifier.id(of: url)
      if let other = files[id] {
        throw PipelineError.badData(
          "\(url.path): two files are called '\(id)'; the other is \(other.path)")
      }
      files[id] = url
    }
    return files
  }

  /// The mask a finished case is about: the last output of that role in its pipeline.
  private func result(of caseFolder: URL) -> URL? {
    guard let record = CaseRecord.read(in: caseFolder), let listing = try? FolderListing(caseFolder)
    else { return nil }
    for step in record.pipeline.stages.reversed() {
      guard let output = registry[step.type]?.outputs.last(where: { $0.role == .mask }),
        let folder = listing.folders.first(where: { $0.hasSuffix("-" + step.name) })
      else { continue }
      let url = listing.url(folder).appendingPathComponent(output.file)
      if isRegularFile(url) { return url }
    }
    return nil
  }
}

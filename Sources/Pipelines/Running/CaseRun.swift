import Foundation
import Logging
import Numerics
import Reports

/// One pass over the stages of one case.
struct CaseRun {
  let runner: CaseRunner
  let item: Case
  let caseFolder: URL
  let claim: CaseClaim
  private let digests = ContentDigest()
  private var stamps: [String: [Int]] = [:]
  /// What the stage reads that is running or has failed.
  private var inputsAtWork: [StageRecord.File] = []
  private(set) var records: [StageRecord] = []
  private(set) var warnings: [String] = []
  private(set) var isComplete = true

  init(runner: CaseRunner, item: Case, caseFolder: URL, claim: CaseClaim) {
    self.runner = runner
    self.item = item
    self.caseFolder = caseFolder
    self.claim = claim
  }

  /// What was read and written so far.
  var seal: CaseSeal {
    CaseSeal(
      records, inputsAtWork: inputsAtWork, pipeline: runner.pipeline, caseFolder: caseFolder, stamps: stamps)
  }

  private var steps: [Pipeline.Step] { runner.pipeline.steps }

  mutating func runStages() throws {
    for (index, step) in steps.enumerated() {
      if let only = runner.onlyStage, only != step.name {
        let record = StageFolder(caseFolder: caseFolder, step: step).record
        if let record { records.append(record) }
        if record == nil, !isConditional(step) { isComplete = false }
        continue
      }
      try checkInterruption(before: step)
      try run(step, index)
    }
  }

  /// The numbers of every metrics file of the case.
  func metrics() throws -> [String: Double?] {
    var result: [String: Double?] = [:]
    for step in steps where records.contains(where: { $0.stage == step.name }) {
      for output in step.type.outputs where output.role == .metrics {
        let url = StageFolder(caseFolder: caseFolder, step: step).url(of: output)
        guard let data = FileManager.default.contents(atPath: url.path) else { continue }
        let value = try JSONText.decode(JSONValue.self, from: data)
        result.merge(value.flattenedNumbers()) { _, new in new }
      }
    }
    return result
  }

  // MARK: - One stage

  private mutating func run(_ step: Pipeline.Step, _ index: Int) throws {
    let folder = StageFolder(caseFolder: caseFolder, step: step)
    guard let inputs = try resolve(step) else { return }
    let files = try inputFiles(step, inputs)
    inputsAtWork = files
    let fingerprint = try fingerprint(of: step, files)
    if !runner.overwrites, let old = folder.record, old.fingerprint == fingerprint,
      isIntact(old, in: folder)
    {
      try requireQuiet(old)
      keep(old)
      runner.onEvent(.unchanged(stage: step.name))
      return
    }
    runner.onEvent(.started(stage: step.name, index: index, count: steps.count))
    let partial = try folder.begin()
    do {
      var record = try run(step, in: partial, inputs)
      record.inputs = files
      record.fingerprint = fingerprint
      record.outputs = try outputs(of: step, in: partial)
      for url in inputs.values { try digests.requireUnchanged(url) }
      try requireQuiet(record)
      try claim.requireHeld()
      try folder.commit(record)
      keep(record)
      runner.onEvent(.finished(stage: step.name, seconds: record.seconds))
    } catch {
      // Where the claim is lost the folder is another's by now.
      try claim.requireHeld()
      folder.discard()
      throw error
    }
  }

  /// Throws where warnings count as errors and there is one.
  private func requireQuiet(_ record: StageRecord) throws {
    guard runner.isStrict, let warning = record.warnings.first else { return }
    throw PipelineError.badData("\(item.id): --strict: stage \(record.stage) warns: \(warning)")
  }

  private func run(_ step: Pipeline.Step, in partial: URL, _ inputs: [String: URL]) throws
    -> StageRecord
  {
    let start = ContinuousClock.now
    ProcessMemory.resetPeak()
    let onEvent = runner.onEvent
    let context = StageContext(
      caseID: item.id, pipeline: runner.pipeline.name, stage: step.name, folder: partial,
      inputs: inputs,
      earlier: records
    ) { onEvent(.progressed(stage: step.name, fraction: $0, message: $1)) }
    do { try step.stage.run(context) } catch let wrong as WrongValue {
      throw PipelineError.configuration(
        "stage \(step.name): \(wrong.expected) expected, found \(wrong.found)")
    }
    for warning in context.warnings.all { onEvent(.warning(stage: step.name, text: warning)) }
    return StageRecord(
      stage: step.name, type: step.type.name, parameters: step.stage.parameterValues, inputs: [],
      outputs: [],
      fingerprint: "", software: Provenance.software, threads: Parallel.threads,
      seconds: start.secondsAgo,
      peakMemoryMiB: ProcessMemory.peakMiB, warnings: context.warnings.all)
  }

  private mutating func keep(_ record: StageRecord) {
    records.append(record)
    inputsAtWork = []
    warnings += record.warnings.map { "\(record.stage): \($0)" }
  }

  private func checkInterruption(before step: Pipeline.Step) throws {
    guard Interruption.isRequested else { return }
    throw PipelineError.interrupted(
      "\(item.id): interrupted before stage \(step.name). The same command resumes.")
  }

  private func isConditional(_ step: Pipeline.Step) -> Bool {
    step.type.inputs.contains {
      $0.need == .condition && step.sources[$0.name].flatMap(existing) == nil
    }
  }

  // MARK: - Files

  /// The place of a source, whether or not something is there; nil for a label that was not given.
  private func place(of source: InputSource) -> URL? {
    switch source {
    case .caseInput: return item.input
    case .label: return item.label
    case .file(let file): return file.url
    case .output(let name, let file):
      guard let step = steps.first(where: { $0.name == name }),
        let output = step.type.outputs.first(where: { $0.file == file })
      else { return nil }
      return StageFolder(caseFolder: caseFolder, step: step).url(of: output)
    }
  }

  private func existing(_ source: InputSource) -> URL? {
    place(of: source).flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0 : nil }
  }

  /// The files of a stage's inputs, or nil where the stage does not apply to this case.
  private func resolve(_ step: Pipeline.Step) throws -> [String: URL]? {
    var result: [String: URL] = [:]
    for input in step.type.inputs {
      guard let source = step.sources[input.name] else { continue }
      if let url = existing(source) {
        result[input.name] = url
        continue
      }
      if case .file(let file) = source {
        throw PipelineError.noInput("\(file.url.path): no such file")
      }
      switch input.need {
      case .optional: continue
      case .condition where runner.onlyStage == nil:
        let reason = source == .label ? "no label was given" : "\(source) was not written"
        runner.onEvent(.leftOut(stage: step.name, reason: reason))
        return nil
      case .condition, .required: throw missing(source, input: input.name, of: step)
      }
    }
    return result
  }

  private func missing(_ source: InputSource, input: String, of step: Pipeline.Step)
    -> PipelineError
  {
    switch source {
    case .label: .usage("stage \(step.name): needs a label; give --label FILE")
    case .output(let stage, _):
      .noInput(
        "\(place(of: source)?.path ?? "\(source)"): not there, and stage \(step.name) needs it. "
          + "Run stage \(stage) first, or hand it a file with --set \(step.name).inputs.\(input)=FILE."
      )
    case .caseInput, .file: .noInput("\(item.input.path): no such file")
    }
  }

  private mutating func inputFiles(_ step: Pipeline.Step, _ inputs: [String: URL]) throws
    -> [StageRecord.File]
  {
    var files = inputs.map { ($0.key, $0.value) }
    files += step.stage.parameterFiles.map { ($0.key, $0.file.url) }
    // The header of a pair says nothing of its voxels.
    files += files.compactMap { name, url in voxels(of: url).map { (name + " voxels", $0) } }
    return try files.sorted { ($0.0, $0.1.path) < ($1.0, $1.1.path) }.map { name, url in
      if stamps[url.path] == nil { stamps[url.path] = CaseSeal.stamp(of: url) }
      let (digest, bytes) = try digests.digest(of: url)
      let prefix = caseFolder.path + "/"
      let path = url.path.hasPrefix(prefix) ? String(url.path.dropFirst(prefix.count)) : url.path
      return StageRecord.File(name: name, path: path, sha256: digest, bytes: bytes)
    }
  }

  private func voxels(of url: URL) -> URL? {
    guard url.pathExtension.lowercased() == "hdr" else { return nil }
    let stem = url.deletingPathExtension()
    return ["img", "IMG", "img.gz"].map(stem.appendingPathExtension).first {
      FileManager.default.fileExists(atPath: $0.path)
    }
  }

  private func fingerprint(of step: Pipeline.Step, _ files: [StageRecord.File]) throws -> String {
    // Of files the content counts, not where they lie; so their paths are left out of the parameters too.
    let fileKeys = Set(step.stage.parameterFiles.map(\.key))
    let identity: [String: JSONValue] = [
      "type": .string(step.type.name), "version": .integer(step.type.version),
      "package": .string(packageVersion),
      "parameters": .object(step.stage.parameterValues.filter { !fileKeys.contains($0.key) }),
      "inputs": .array(files.map { .array([.string($0.name ?? ""), .string($0.sha256)]) }),
    ]
    return ContentDigest.sha256(of: try JSONText.encode(identity))
  }

  private func outputs(of step: Pipeline.Step, in partial: URL) throws -> [StageRecord.File] {
    for output in step.type.outputs where output.role != .optional {
      guard FileManager.default.fileExists(atPath: partial.appendingPathComponent(output.file).path)
      else {
        throw PipelineError.internalFault("stage \(step.name): did not write \(output.file)")
      }
    }
    return try FileManager.default.subpathsOfDirectory(atPath: partial.path).sorted().compactMap {
      path in
      let url = partial.appendingPathComponent(path)
      guard isRegularFile(url) else { return nil }
      let (digest, bytes) = try digests.digest(of: url)
      return StageRecord.File(name: nil, path: path, sha256: digest, bytes: bytes)
    }
  }

  /// Whether the outputs are still those that were written.
  private func isIntact(_ record: StageRecord, in folder: StageFolder) -> Bool {
    record.outputs.allSatisfy { file in
      let output = folder.step.type.outputs.first { $0.file == file.path }
      let url = output.map(folder.url(of:)) ?? folder.url.appendingPathComponent(file.path)
      return (try? digests.digest(of: url))?.sha256 == file.sha256
    }
  }
}

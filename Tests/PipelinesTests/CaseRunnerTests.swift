import Foundation
import Pipelines
import Reports
import Synchronization
import TestSupport
import Testing

/// A folder with one text, its label, and the example pipeline.
struct Bench: Sendable {
  let folder: URL
  let pipeline: Pipeline

  var item: Case {
    Case(
      id: "one", input: folder.appendingPathComponent("one.txt"),
      label: folder.appendingPathComponent("label.txt"))
  }
  var output: URL { folder.appendingPathComponent("out") }
  var caseFolder: URL { output.appendingPathComponent("one") }

  init(_ folder: URL) throws {
    self.folder = folder
    pipeline = try examplePipeline(exampleYAML, in: folder)
    try write("abc", "one.txt")
    try write("ABd", "label.txt")
  }

  func write(_ text: String, _ name: String) throws {
    try Data(text.utf8).write(to: folder.appendingPathComponent(name))
  }

  func text(_ path: String) throws -> String {
    try String(contentsOf: caseFolder.appendingPathComponent(path), encoding: .utf8)
  }

  /// Runs the case and tells which stages ran, were unchanged or left out.
  @discardableResult
  func run(
    _ settings: String..., only: String? = nil, overwrite: Bool = false, label: Bool = true
  ) throws -> [String] {
    let told = Mutex<[String]>([])
    var runner = CaseRunner(
      pipeline: try pipeline.applying(settings.map(Setting.init), relativeTo: folder),
      output: output)
    runner.onlyStage = only
    runner.overwrites = overwrite
    runner.onEvent = { event in
      told.withLock {
        switch event {
        case .finished(let stage, _): $0.append("ran \(stage)")
        case .unchanged(let stage): $0.append("kept \(stage)")
        case .leftOut(let stage, _): $0.append("left out \(stage)")
        case .warning(let stage, let text): $0.append("\(stage): \(text)")
        case .started, .progressed, .claimed: break
        }
      }
    }
    try runner.run(Case(id: item.id, input: item.input, label: label ? item.label : nil))
    return told.withLock { $0 }
  }
}

private func examplePipeline(_ yaml: String, in folder: URL) throws -> Pipeline {
  try pipeline(yaml, in: folder)
}

@Suite("A run of one case")
struct CaseRunnerTests {
  func bench(_ body: (Bench) throws -> Void) throws {
    try withTemporaryFolder { try body(Bench($0)) }
  }

  @Test("The digest of a file that is read in several pieces is that of sha256sum")
  func digestOfPieces() throws {
    try bench { (bench: Bench) throws in
      try bench.write(String(repeating: "a", count: 3_000_000), "one.txt")
      _ = try bench.run()
      let record = try JSONText.decode(
        StageRecord.self, from: Data(try bench.text("01-rewrite/stage.json").utf8))
      // head -c 3000000 /dev/zero | tr '\0' a | sha256sum
      let digest = "2a152c894398719c0570f83fac34ac03a0f6e8e474b995c2403aa5434f7b9dd4"
      #expect(record.inputs.map(\.sha256) == [digest])
    }
  }

  @Test("Stages write into numbered folders; stage.json and case.json say how")
  func writes() throws {
    try bench { (bench: Bench) throws in
      #expect(try bench.run() == ["ran rewrite", "ran compare"])
      #expect(try bench.text("01-rewrite/text.txt") == "ABC")
      let record = try JSONText.decode(
        StageRecord.self, from: Data(try bench.text("01-rewrite/stage.json").utf8))
      // printf abc | sha256sum
      let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
      #expect(record.inputs.map(\.sha256) == [digest])
      #expect(record.inputs[0].path == bench.item.input.path)
      #expect(record.outputs.map(\.path) == ["text.txt"])
      #expect(record.parameters["style"] == .string("upper"))
      let result = try #require(CaseRecord.read(in: bench.caseFolder))
      #expect(result.status == .done && result.exitCode == 0 && result.error == nil)
      #expect(result.metrics["different"] == .some(1))
      let entries = try FileManager.default.contentsOfDirectory(atPath: bench.caseFolder.path)
        .sorted()
      #expect(entries == ["01-rewrite", "02-compare", "case.json"])
    }
  }

  @Test("A second run recomputes nothing; --overwrite recomputes all")
  func unchanged() throws {
    try bench { (bench: Bench) throws in
      try bench.run()
      let before = try bench.text("01-rewrite/stage.json")
      #expect(try bench.run() == ["kept rewrite", "kept compare"])
      #expect(try bench.text("01-rewrite/stage.json") == before)
      #expect(try bench.run(overwrite: true) == ["ran rewrite", "ran compare"])
    }
  }

  @Test("What changed is recomputed, and only what depends on it")
  func dependencies() throws {
    try bench { (bench: Bench) throws in
      try bench.run()
      try bench.write("XXX", "label.txt")
      #expect(try bench.run() == ["kept rewrite", "ran compare"])
      // A parameter without effect on the output: the next stage sees the same bytes.
      #expect(try bench.run("rewrite.weight=0.25") == ["ran rewrite", "kept compare"])
      #expect(
        try bench.run("rewrite.weight=0.25", "rewrite.suffix=z") == ["ran rewrite", "ran compare"])
      try bench.write("abcd", "one.txt")
      #expect(
        try bench.run("rewrite.weight=0.25", "rewrite.suffix=z") == ["ran rewrite", "ran compare"])
    }
  }

  @Test("A file parameter counts by content; a damaged or missing output is made again")
  func contents() throws {
    try bench { (bench: Bench) throws in
      try bench.write("-end", "end.txt")
      #expect(try bench.run("rewrite.extra=end.txt") == ["ran rewrite", "ran compare"])
      #expect(try bench.run("rewrite.extra=end.txt") == ["kept rewrite", "kept compare"])
      try bench.write("-END", "end.txt")
      #expect(try bench.run("rewrite.extra=end.txt") == ["ran rewrite", "ran compare"])
      try Data("damage".utf8).write(
        to: bench.caseFolder.appendingPathComponent("01-rewrite/text.txt"))
      #expect(try bench.run("rewrite.extra=end.txt") == ["ran rewrite", "kept compare"])
      try FileManager.default.removeItem(
        at: bench.caseFolder.appendingPathComponent("02-compare/metrics.json"))
      #expect(try bench.run("rewrite.extra=end.txt") == ["kept rewrite", "ran compare"])
      #expect(throws: PipelineError.noInput("\(bench.folder.path)/no.txt: no such file")) {
        try bench.run("rewrite.extra=no.txt")
      }
    }
  }

  @Test("Without a label the scores are left out")
  func withoutLabel() throws {
    try bench { (bench: Bench) throws in
      #expect(try bench.run(label: false) == ["ran rewrite", "left out compare"])
      let record = try #require(CaseRecord.read(in: bench.caseFolder))
      #expect(record.status == .done && record.metrics.isEmpty)
    }
  }

  @Test("A single stage reads what earlier stages left, and fails clearly where they did not")
  func singleStage() throws {
    try bench { (bench: Bench) throws in
      #expect {
        try bench.run(only: "compare")
      } throws: {
        guard case .noInput(let text)? = $0 as? PipelineError else { return false }
        return text.hasSuffix(
          "01-rewrite/text.txt: not there, and stage compare needs it. Run stage rewrite first, "
            + "or hand it a file with --set compare.inputs.text=FILE.")
      }
      #expect(try bench.run(only: "rewrite") == ["ran rewrite"])
      #expect(CaseRecord.read(in: bench.caseFolder)?.status == .partial)
      #expect(throws: PipelineError.usage("stage compare: needs a label; give --label FILE")) {
        try bench.run(only: "compare", label: false)
      }
      #expect(try bench.run(only: "compare") == ["ran compare"])
      #expect(CaseRecord.read(in: bench.caseFolder)?.status == .done)
      #expect(try bench.run("compare.inputs.text=one.txt", only: "compare") == ["ran compare"])
      #expect(CaseRecord.read(in: bench.caseFolder)?.metrics["different"] == .some(3))
      #expect(try bench.run("compare.input=label.txt", only: "compare") == ["ran compare"])
      #expect(CaseRecord.read(in: bench.caseFolder)?.metrics["different"] == .some(0))
      #expect(
        throws: PipelineError.configuration(
          "pipeline example: no stage 'compar'; did you mean 'compare'?")
      ) {
        try bench.run(only: "compar")
      }
    }
  }

  @Test(
    "A stage that fails leaves nothing behind but the record of its failure, and keeps what was there"
  )
  func failure() throws {
    try bench { (bench: Bench) throws in
      try bench.run()
      try bench.write("this is a FAIL", "one.txt")
      #expect(throws: PipelineError.badData("one: the text says FAIL")) { try bench.run() }
      #expect(try bench.text("01-rewrite/text.txt") == "ABC")
      let record = try #require(CaseRecord.read(in: bench.caseFolder))
      #expect(
        record.status == .failed && record.exitCode == 65
          && record.error == "one: the text says FAIL")
      let entries = try FileManager.default.contentsOfDirectory(atPath: bench.caseFolder.path)
        .sorted()
      #expect(entries == ["01-rewrite", "02-compare", "case.json"])
      try bench.write("abc", "one.txt")
      #expect(try bench.run() == ["kept rewrite", "kept compare"])
    }
  }

  @Test("Leftovers of a killed run do no harm")
  func leftovers() throws {
    try bench { (bench: Bench) throws in
      let partial = bench.caseFolder.appendingPathComponent(".01-rewrite.partial")
      try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: true)
      try Data("half".utf8).write(to: partial.appendingPathComponent("text.txt"))
      try Data(
        #"{"host":"\#(ProcessInfo.processInfo.hostName)","process":999999,"process_start":"1","since":0}"#
          .utf8
      )
      .write(to: bench.caseFolder.appendingPathComponent(".claim"))
      #expect(try bench.run() == ["ran rewrite", "ran compare"])
      let entries = try FileManager.default.contentsOfDirectory(atPath: bench.caseFolder.path)
        .sorted()
      #expect(entries == ["01-rewrite", "02-compare", "case.json"])
    }
  }

  @Test("A case that another machine works on is refused")
  func claimed() throws {
    try bench { (bench: Bench) throws in
      try FileManager.default.createDirectory(
        at: bench.caseFolder, withIntermediateDirectories: true)
      let claim = bench.caseFolder.appendingPathComponent(".claim")
      try Data(#"{"host":"elsewhere","process":7,"process_start":"1","since":0}"#.utf8).write(
        to: claim)
      #expect {
        try bench.run()
      } throws: {
        "\($0)".contains("one is being worked on by process 7 on elsewhere")
      }
      #expect(FileManager.default.fileExists(atPath: claim.path))
    }
  }

  @Test("Warnings are told and recorded")
  func warnings() throws {
    try bench { (bench: Bench) throws in
      try bench.write("odd", "one.txt")
      #expect(try bench.run("rewrite.style=plain").contains("rewrite: an odd text"))
      #expect(CaseRecord.read(in: bench.caseFolder)?.warnings == ["rewrite: an odd text"])
    }
  }

  @Test("Results never go into the input's own folder")
  func ownFolder() throws {
    try withTemporaryFolder { folder in
      let yaml = "cases: folder\nstages:\n  - type: test.rewrite\n"
      let pipeline = try pipeline(yaml, in: folder)
      let patient = folder.appendingPathComponent("patient")
      try FileManager.default.createDirectory(at: patient, withIntermediateDirectories: true)
      #expect {
        try CaseRunner(pipeline: pipeline, output: folder).run(Case(id: "patient", input: patient))
      } throws: {
        guard case .usage? = $0 as? PipelineError else { return false }
        return true
      }
    }
  }

  @Test("A snapshot of a pipeline is the same pipeline again")
  func snapshot() throws {
    try bench { (bench: Bench) throws in
      let settings = [
        "rewrite.extra=end.txt", "rewrite.scales=0.5", "rewrite.suffix=x", "compare.input=one.txt",
      ]
      let changed = try bench.pipeline.applying(
        try settings.map(Setting.init), relativeTo: bench.folder)
      let data = try JSONText.encode(changed.snapshot)
      let snapshot = try JSONText.decode(PipelineSnapshot.self, from: data)
      #expect(try Pipeline(snapshot, registry: exampleRegistry).snapshot == changed.snapshot)
    }
  }
}

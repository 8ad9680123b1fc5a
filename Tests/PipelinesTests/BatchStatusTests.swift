import Files
import Foundation
import Pipelines
import TestSupport
import Testing

@Suite("The status of a batch")
struct BatchStatusTests {
  @Test("Done, running, failed and pending are told from the folder alone")
  func states() throws {
    try withTemporaryFolder { folder in
      let bench = try Bench(folder)
      func item(_ id: String, _ text: String) throws -> Case {
        try bench.write(text, "\(id).txt")
        return Case(id: id, input: folder.appendingPathComponent("\(id).txt"))
      }
      let cases = try [
        item("done", "abc"), item("failed", "FAIL"), item("running", "a"), item("dead", "b"),
        item("waiting", "c"),
        item("other", "d"),
      ]
      let runner = CaseRunner(pipeline: bench.pipeline, output: bench.output)
      try runner.run(cases[0])
      #expect(throws: PipelineError.self) { try runner.run(cases[1]) }
      let before = try bench.pipeline.applying([Setting("rewrite.weight=1")], relativeTo: folder)
      try CaseRunner(pipeline: before, output: bench.output).run(cases[5])
      for (id, process) in [("running", "\(getpid())"), ("dead", "999999")] {
        let caseFolder = bench.output.appendingPathComponent(id)
        try FileManager.default.createDirectory(
          at: caseFolder.appendingPathComponent(".01-rewrite.partial"), withIntermediateDirectories: true)
        let claim = """
          {"host": "node3", "machine": "\(ProcessIdentity.machine)", "process": \(process), \
          "process_start": "\(ProcessIdentity.start)", "since": 0, "slurm_task": "12_3"}
          """
        try Data(claim.utf8).write(to: caseFolder.appendingPathComponent(".claim"))
      }
      try BatchManifest(pipeline: bench.pipeline.snapshot, folder: folder, cases: cases).write(
        in: bench.output)

      let status = try BatchStatus(of: bench.output)
      #expect(status.counts == ["done": 1, "running": 1, "failed": 1, "pending": 3])
      let rows = Dictionary(uniqueKeysWithValues: status.cases.map { ($0.id, $0) })
      #expect(rows["done"]?.state == .done && rows["waiting"]?.state == .pending)
      #expect(rows["failed"]?.state == .failed && rows["failed"]?.exitCode == 65)
      #expect(rows["failed"]?.reason == "failed: the text says FAIL")
      #expect(rows["running"]?.state == .running && rows["running"]?.host == "node3")
      #expect(rows["running"]?.process == getpid() && rows["running"]?.slurmTask == "12_3")
      #expect(rows["running"]?.since == "2001-01-01T00:00:00Z" && rows["running"]?.stage == "rewrite")
      #expect(rows["dead"]?.state == .pending)
      #expect(rows["dead"]?.reason?.contains("process 999999 on node3 (Slurm task 12_3) died") == true)
      #expect(rows["other"]?.reason == "done before with other parameters")
    }
  }

  @Test("A folder that is not of a batch is refused")
  func nothing() throws {
    try withTemporaryFolder { folder in
      #expect(throws: PipelineError.noInput("\(folder.path)/no: no such folder")) {
        try BatchStatus(of: folder.appendingPathComponent("no"))
      }
      #expect(throws: PipelineError.self) { try BatchStatus(of: folder) }
    }
  }
}

import Files
import Foundation
import Pipelines
import Reports
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite("The ledger")
struct LedgerTests {
  /// Whether the ledger calls the bench's case current, failed for good, or open.
  func entry(_ bench: Bench, _ settings: String...) throws -> String {
    let pipeline = try bench.pipeline.applying(settings.map(Setting.init), relativeTo: bench.folder)
    switch Ledger(output: bench.output, pipeline: pipeline).entry(of: bench.item) {
    case .current: return "current"
    case .lastingFailure: return "failed"
    case .open: return "open"
    }
  }

  @Test("A finished case is current until input, label, parameters, an output or a file parameter changes")
  func changes() throws {
    try withTemporaryFolder { folder in
      let bench = try Bench(folder)
      #expect(try entry(bench) == "open")
      try bench.run()
      #expect(try entry(bench) == "current")
      #expect(try entry(bench, "rewrite.weight=0.25") == "open")
      // Other times but the same bytes: read again, and still current.
      for name in ["one.txt", "out/one/01-rewrite/text.txt"] {
        let url = folder.appendingPathComponent(name)
        try Data(contentsOf: url).write(to: url)
        #expect(try entry(bench) == "current", "\(name)")
      }
      for name in ["one.txt", "label.txt", "out/one/01-rewrite/text.txt"] {
        let url = folder.appendingPathComponent(name)
        let before = try Data(contentsOf: url)
        try Data("xyz".utf8).write(to: url)
        #expect(try entry(bench) == "open", "\(name)")
        try before.write(to: url)
        #expect(try entry(bench) == "current", "\(name)")
      }
      try FileManager.default.removeItem(at: folder.appendingPathComponent("out/one/02-compare/metrics.json"))
      #expect(try entry(bench) == "open")
      try bench.run()
      try bench.write("-end", "end.txt")
      try bench.run("rewrite.extra=end.txt")
      #expect(try entry(bench, "rewrite.extra=end.txt") == "current")
      try bench.write("-END", "end.txt")
      #expect(try entry(bench, "rewrite.extra=end.txt") == "open")
    }
  }

  @Test("What failed for its bytes is not tried again until they change; what failed otherwise is")
  func failures() throws {
    try withTemporaryFolder { folder in
      let bench = try Bench(folder)
      try bench.write("this is a FAIL", "one.txt")
      #expect(throws: PipelineError.self) { try bench.run() }
      #expect(try entry(bench) == "failed")
      #expect(try entry(bench, "rewrite.weight=0.25") == "open")
      try bench.write("fine", "one.txt")
      #expect(try entry(bench) == "open")
      try bench.run()
      #expect(try entry(bench) == "current")
      var record = try #require(CaseRecord.read(in: bench.caseFolder))
      record.status = .failed
      record.exitCode = ExitStatus.inputOutput.rawValue
      try JSONText.encode(record).write(to: bench.caseFolder.appendingPathComponent("case.json"))
      #expect(try entry(bench) == "open")
    }
  }

  @Test("An input replaced after it was read fails the case, and the next run sees the new one")
  func replacedInput() throws {
    try withTemporaryFolder { folder in
      let bench = try Bench(folder)
      var runner = CaseRunner(pipeline: bench.pipeline, output: bench.output)
      runner.onEvent = { event in
        if case .progressed = event { try? bench.write("another", "one.txt") }
      }
      #expect(
        throws: PipelineError.badData(
          "\(bench.item.input.path): changed while it was being read. Run again when it is complete.")
      ) {
        try runner.run(bench.item)
      }
      #expect(try entry(bench) == "open")
      try bench.run()
      #expect(try bench.text("01-rewrite/text.txt") == "ANOTHER")
    }
  }

  @Test("Without its folder of results a run ends with 74")
  func vanishedOutput() throws {
    try withTemporaryFolder { folder in
      let bench = try Bench(folder)
      var runner = CaseRunner(pipeline: bench.pipeline, output: bench.output)
      runner.onEvent = { event in
        if case .progressed = event { try? FileManager.default.removeItem(at: bench.output) }
      }
      #expect { try runner.run(bench.item) } throws: {
        [.inputOutput, .cannotCreate].contains(ExitStatus(of: $0))
      }
      try bench.run()
      #expect(try bench.text("01-rewrite/text.txt") == "ABC")
    }
  }

  @Test("Strict: a stage that warns fails, also where it was done before")
  func strict() throws {
    try withTemporaryFolder { folder in
      let bench = try Bench(folder)
      try bench.write("odd", "one.txt")
      let pipeline = try bench.pipeline.applying([Setting("rewrite.style=plain")], relativeTo: folder)
      var runner = CaseRunner(pipeline: pipeline, output: bench.output)
      try runner.run(bench.item)
      runner.isStrict = true
      #expect(throws: PipelineError.badData("one: --strict: stage rewrite warns: an odd text")) {
        try runner.run(bench.item)
      }
    }
  }

  @Test(
    "Every n-th failing call on the way to a record leaves the old state or the new, and the next run finishes"
  )
  func everyCallFails() throws {
    try withTemporaryFolder { folder in
      let bench = try Bench(folder)
      var reached = true
      var n = 0
      while reached {
        n += 1
        try? FileManager.default.removeItem(at: bench.output)
        let countdown = Mutex(n)
        @Sendable func step() throws(Errno) {
          let isDue = countdown.withLock { count in
            count -= 1
            return count == 0
          }
          if isDue { throw .noSpace }
        }
        let system = FileOperations.system
        var faulty = system
        faulty.create = { path throws(Errno) in
          try step()
          return try system.create(path)
        }
        faulty.write = { descriptor, bytes throws(Errno) in
          try step()
          return try system.write(descriptor, bytes)
        }
        faulty.synchronize = { descriptor throws(Errno) in
          try step()
          try system.synchronize(descriptor)
        }
        faulty.rename = { from, to throws(Errno) in
          try step()
          try system.rename(from, to)
        }
        let outcome = Result { try FileOperations.$current.withValue(faulty) { try bench.run() } }
        reached = countdown.withLock { $0 <= 0 }
        if case .failure(let error) = outcome {
          #expect([.cannotCreate, .inputOutput].contains(ExitStatus(of: error)), "\(n): \(error)")
        } else {
          #expect(!reached, "\(n): the fault went unnoticed")
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.caseFolder.path)
        #expect(!names.contains { $0.hasPrefix(".") }, "\(n): \(names)")
        try bench.run()
        #expect(try bench.text("01-rewrite/text.txt") == "ABC")
        #expect(CaseRecord.read(in: bench.caseFolder)?.status == .done)
      }
      #expect(n > 10)
    }
  }
}

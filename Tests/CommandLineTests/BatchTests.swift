import Foundation
import TestSupport
import Testing

@Suite("malpighi batch", .serialized)
struct BatchTests {
  func summary(_ folder: URL) throws -> [String: Any] {
    let data = try Data(contentsOf: folder.appendingPathComponent("summary.json"))
    return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test(
    "A damaged case is a row, the others are done, the code is 2; mended, the same command finishes"
  )
  func damaged() throws {
    try withAngiographies(3) { folder in
      let bad = folder.appendingPathComponent("data/images/vessels_001.nii.gz")
      let good = try Data(contentsOf: bad)
      try good.prefix(good.count / 2).write(to: bad)
      let command = ["batch", "vessels-frangi", "data", "--output", "out", "--jobs", "2"]
      let first = try Program.finished(command, in: folder)
      #expect(first.status == 2, "\(first.errors)")
      let rows = try #require(
        summary(folder.appendingPathComponent("out"))["cases"] as? [[String: Any]])
      #expect(rows.map { $0["id"] as? String } == ["vessels_000", "vessels_001", "vessels_002"])
      #expect(rows.map { $0["status"] as? String } == ["done", "failed", "done"])
      #expect(rows[1]["exit_code"] as? Int == 65)
      #expect((rows[0]["metrics"] as? [String: Any])?["dice"] is NSNumber)
      try good.write(to: bad)
      let second = try Program.finished(command, in: folder)
      #expect(second.status == 0, "\(second.errors)")
      #expect(try summary(folder.appendingPathComponent("out"))["failed"] as? Int == 0)
    }
  }

  @Test("Names with spaces, quotes, a line break and markup work and are escaped")
  func oddNames() throws {
    try withAngiographies(1) { folder in
      let name = "a b'\"\n<script>alert(1)</script>".replacingOccurrences(of: "/", with: "")
      let images = folder.appendingPathComponent("odd")
      try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: folder.appendingPathComponent("data/images/vessels_000.nii.gz"),
        to: images.appendingPathComponent(name + ".nii.gz"))
      let run = try Program.finished(
        ["batch", "vessels-frangi", "odd", "--output", "out"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
      let output = folder.appendingPathComponent("out")
      let report = try String(
        contentsOf: output.appendingPathComponent("\(name)/report.html"), encoding: .utf8)
      let index = try String(
        contentsOf: output.appendingPathComponent("index.html"), encoding: .utf8)
      let table = try String(
        contentsOf: output.appendingPathComponent("metrics.tsv"), encoding: .utf8)
      #expect(!report.contains("<script>alert") && !index.contains("<script>alert"))
      #expect(table.split(separator: "\n").count == 2)
      let rows = try #require(summary(output)["cases"] as? [[String: Any]])
      #expect(rows[0]["id"] as? String == name)
    }
  }

  @Test("Parts of a batch make the same summary as the whole")
  func shards() throws {
    try withAngiographies(3) { folder in
      for part in ["1/2", "2/2"] {
        let run = try Program.finished(
          ["batch", "vessels-frangi", "data", "--output", "parts", "--shard", part], in: folder)
        #expect(run.status == 0, "\(run.errors)")
      }
      #expect(
        try Program.finished(["batch", "vessels-frangi", "data", "--output", "whole"], in: folder)
          .status == 0)
      let tables = try ["parts", "whole"].map {
        try Data(contentsOf: folder.appendingPathComponent("\($0)/metrics.tsv"))
      }
      #expect(tables[0] == tables[1])
    }
  }

  @Test("SIGTERM stops a batch with 75 and nothing half-done; the same command finishes it")
  func interrupted() throws {
    try withAngiographies(4) { folder in
      let command = ["batch", "vessels-frangi", "data", "--output", "out"]
      let process = try Program.terminated(
        command, in: folder, onceThereIs: "out/vessels_000/case.json")
      #expect(process.terminationReason == .exit && process.terminationStatus == 75)
      let again = try Program.finished(command, in: folder)
      #expect(again.status == 0, "\(again.errors)")
      #expect((try summary(folder.appendingPathComponent("out"))["cases"] as? [Any])?.count == 4)
    }
  }

  @Test("--dry-run lists cases and writes nothing")
  func dryRun() throws {
    try withAngiographies(2) { folder in
      let run = try Program.finished(
        ["batch", "vessels-frangi", "data", "--output", "out", "--dry-run", "--json"], in: folder)
      #expect(run.status == 0)
      let plan = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
      #expect(
        (plan?["cases"] as? [[String: Any]])?.map { $0["id"] as? String } == [
          "vessels_000", "vessels_001",
        ])
      #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("out").path))
    }
  }

  @Test("report builds pages and index again")
  func report() throws {
    try withAngiographies(1) { folder in
      #expect(
        try Program.finished(["batch", "vessels-frangi", "data", "--output", "out"], in: folder)
          .status == 0)
      let page = folder.appendingPathComponent("out/vessels_000/report.html")
      try FileManager.default.removeItem(at: page)
      let run = try Program.finished(["report", "out"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
      #expect(FileManager.default.fileExists(atPath: page.path))
    }
  }
}

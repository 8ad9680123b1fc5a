import Foundation
import TestSupport
import Testing

@Suite("malpighi run", .serialized)
struct RunTests {
  @Test("A run ends with vessels, scores and a report; the second one has nothing to do")
  func twice() throws {
    try withAngiographies(1) { folder in
      let command = [
        "run", "vessels-frangi", "data/images/vessels_000.nii.gz", "--label",
        "data/labels/vessels_000.nii.gz",
        "--output", "out",
      ]
      let first = try Program.shell("$MALPIGHI \(command.joined(separator: " "))", in: folder)
      #expect(first.status == 0, "\(first.errors)")
      #expect(first.output.contains("dice") && first.output.contains("out/vessels_000/report.html"))
      let caseFolder = folder.appendingPathComponent("out/vessels_000")
      for path in [
        "01-prepare/image.nii.gz", "02-enhance/vesselness.nii.gz", "03-threshold/mask.nii.gz",
        "04-clean/vessels.nii.gz", "05-evaluate/metrics.json", "06-report/stage.json",
        "report.html", "case.json",
        "../summary.json", "../metrics.tsv", "../index.html",
      ] {
        #expect(
          FileManager.default.fileExists(atPath: caseFolder.appendingPathComponent(path).path),
          "\(path)")
      }
      let second = try Program.shell("$MALPIGHI \(command.joined(separator: " "))", in: folder)
      #expect(second.status == 0)
      #expect(second.output.contains("nothing to do, 6 stages are unchanged"))
    }
  }

  @Test("Two runs give the same bytes in images and scores")
  func reproducible() throws {
    try withAngiographies(1) { folder in
      for output in ["a", "b"] {
        let run = try Program.run(
          "run", "vessels-frangi", "data/images/vessels_000.nii.gz", "--label",
          "data/labels/vessels_000.nii.gz",
          "--output", output, in: folder)
        #expect(run.status == 0, "\(run.errors)")
      }
      for path in [
        "02-enhance/vesselness.nii.gz", "04-clean/vessels.nii.gz", "05-evaluate/metrics.json",
      ] {
        let files = try ["a", "b"].map {
          try Data(contentsOf: folder.appendingPathComponent("\($0)/vessels_000/\(path)"))
        }
        #expect(files[0] == files[1], "\(path) differs")
      }
    }
  }

  @Test(
    "--json prints one document and nothing else; NO_COLOR and a plain stderr need no escape codes")
  func json() throws {
    try withAngiographies(1) { folder in
      let run = try Program.run(
        "run", "vessels-frangi", "data/images/vessels_000.nii.gz", "--output", "out", "--json",
        in: folder)
      let document = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
      #expect(document?["id"] as? String == "vessels_000")
      #expect(document?["status"] as? String == "done")
      #expect((document?["stages"] as? [String: String])?["evaluate"] == "left out")
      #expect(!run.errors.contains("\u{1B}"))
    }
  }

  @Test("A single stage needs what comes before it")
  func singleStage() throws {
    try withAngiographies(1) { folder in
      let clean = try Program.run(
        "run", "vessels-frangi", "data/images/vessels_000.nii.gz", "--output", "out", "--stage",
        "clean", in: folder)
      #expect(clean.status == 66)
      #expect(clean.errors.contains("Run stage threshold first"))
      let prepare = try Program.run(
        "run", "vessels-frangi", "data/images/vessels_000.nii.gz", "--output", "out", "--stage",
        "prepare", in: folder)
      #expect(prepare.status == 0, "\(prepare.errors)")
    }
  }

  @Test("The label of another grid is refused, saying what differs")
  func otherGrid() throws {
    try withAngiographies(1) { folder in
      try writeBox(2..<5, to: folder.appendingPathComponent("label.nii.gz"))
      let run = try Program.run(
        "run", "vessels-frangi", "data/images/vessels_000.nii.gz", "--label", "label.nii.gz",
        "--output", "out",
        in: folder)
      #expect(run.status == 65)
      #expect(run.errors.contains("size 32×32×24 against 16×12×10"))
    }
  }

  @Test("On a full disk the run ends with 74 and leaves nothing half-written under a final name")
  func fullDisk() throws {
    try withAngiographies(1) { folder in
      for blocks in [1, 8] {
        let run = try Program.shell(
          "ulimit -f \(blocks); $MALPIGHI run vessels-frangi data/images/vessels_000.nii.gz --output out\(blocks)",
          in: folder)
        #expect(run.status == 74, "\(blocks): \(run.errors)")
        #expect(run.errors.contains("error: "))
        let caseFolder = folder.appendingPathComponent("out\(blocks)/vessels_000")
        for name in (try? FileManager.default.contentsOfDirectory(atPath: caseFolder.path)) ?? [] {
          #expect(!name.hasPrefix("."), "\(name) is left")
          // A stage folder that is there is complete.
          guard name.first?.isNumber == true else { continue }
          let record = caseFolder.appendingPathComponent("\(name)/stage.json")
          #expect(FileManager.default.fileExists(atPath: record.path), "\(name) is half-written")
        }
      }
    }
  }

  @Test("A folder that cannot be made ends with 73 and its path")
  func unwritable() throws {
    try withAngiographies(1) { folder in
      try Data().write(to: folder.appendingPathComponent("file"))
      for output in ["file", "file/below", "/proc/below"] {
        let run = try Program.run(
          "run", "vessels-frangi", "data/images/vessels_000.nii.gz", "--output", output, in: folder)
        #expect(run.status == 73, "\(output): \(run.errors)")
        #expect(run.errors.contains(output) && run.errors.contains("error: "))
      }
    }
  }

  @Test("SIGTERM ends a run with 75, and the same command finishes it")
  func interrupted() throws {
    try withAngiographies(1) { folder in
      let arguments = [
        "run", "vessels-frangi", "data/images/vessels_000.nii.gz", "--output", "out", "--set",
        "enhance.sigmas_mm=0.5,0.6,0.7,0.8,0.9,1,1.2,1.4,1.6,1.8,2,2.2,2.4,2.6,2.8,3,3.2,3.4,3.6,3.8",
      ]
      let process = try Program.terminated(
        arguments, in: folder, onceThereIs: "out/vessels_000/01-prepare")
      // A run that was quicker than the signal is done, which is fine too.
      #expect(process.terminationReason == .exit && [0, 75].contains(process.terminationStatus))
      let names = try FileManager.default.contentsOfDirectory(
        atPath: folder.path + "/out/vessels_000")
      #expect(!names.contains { $0.hasPrefix(".") })
      let again = try Program.finished(arguments, in: folder)
      #expect(again.status == 0, "\(again.errors)")
    }
  }
}

extension Program {
  /// Run it in `folder` to its end.
  static func finished(_ arguments: [String], in folder: URL) throws -> Outcome {
    let quoted = arguments.map { "'" + $0.replacingOccurrences(of: "'", with: "'\\''") + "'" }
    return try shell("\"$MALPIGHI\" " + quoted.joined(separator: " "), in: folder)
  }
}

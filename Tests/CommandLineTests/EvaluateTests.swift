import Foundation
import TestSupport
import Testing

@Suite("malpighi evaluate", .serialized)
struct EvaluateTests {
  func document(_ outcome: Program.Outcome) throws -> [String: Any] {
    try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any],
      "\(outcome.errors)")
  }

  @Test("Two files: overlap of two boxes, by hand")
  func files() throws {
    try withTemporaryFolder { folder in
      try writeBox(2..<6, to: folder.appendingPathComponent("p.nii.gz"))
      try writeBox(3..<9, to: folder.appendingPathComponent("r.nii.gz"))
      let run = try Program.run(
        "evaluate", "p.nii.gz", "r.nii.gz", "--metrics", "dice,iou", "--json", in: folder)
      #expect(run.status == 0)
      let rows = try #require(document(run)["cases"] as? [[String: Any]])
      let scores = try #require(rows[0]["metrics"] as? [String: Any])
      // 4 and 6 slabs, 3 in common: Dice 6/10, IoU 3/7.
      #expect(scores["dice"] as? Double == 0.6)
      #expect(scores["iou"] as? Double == 3.0 / 7)
      #expect(scores.count == 2)
    }
  }

  @Test(
    "Two folders: a missing prediction is a failure, an undefined score is null, counted and not in the mean"
  )
  func folders() throws {
    try withTemporaryFolder { folder in
      let shape = "--metrics dice,hd95 --json"
      for (id, prediction, reference) in [
        ("s1", 2..<6, 3..<9), ("s10", 2..<6, 2..<6), ("s2", 2..<2, 2..<6),
      ] {
        try writeBox(prediction, to: folder.appendingPathComponent("p/\(id).nii.gz"))
        try writeBox(reference, to: folder.appendingPathComponent("r/\(id).nii.gz"))
      }
      try writeBox(2..<6, to: folder.appendingPathComponent("r/missing.nii.gz"))
      try writeBox(2..<6, to: folder.appendingPathComponent("p/extra.nii.gz"))
      let run = try Program.shell("$MALPIGHI evaluate p r \(shape) --output out", in: folder)
      #expect(run.status == 2)
      let summary = try document(run)
      #expect(summary["failed"] as? Int == 1)
      #expect((summary["undefined"] as? [String: Int]) == ["hd95_mm": 1])
      let mean = try #require(summary["mean"] as? [String: Double])
      #expect(abs((mean["dice"] ?? 0) - (0.6 + 1 + 0) / 3) < 1e-12)
      let rows = try #require(summary["cases"] as? [[String: Any]])
      #expect(rows.map { $0["id"] as? String } == ["missing", "s1", "s10", "s2"])
      #expect(rows[0]["status"] as? String == "failed" && rows[0]["exit_code"] as? Int == 66)
      #expect((rows[3]["metrics"] as? [String: Any])?["hd95_mm"] is NSNull)
      #expect(run.errors.contains("1 predictions without a reference: extra"))
      #expect(
        FileManager.default.fileExists(
          atPath: folder.appendingPathComponent("out/metrics.tsv").path))
    }
  }

  @Test("Masks on other grids are refused with both origins")
  func otherGrid() throws {
    try withTemporaryFolder { folder in
      try writeBox(2..<6, to: folder.appendingPathComponent("p.nii.gz"))
      try writeBox(2..<6, to: folder.appendingPathComponent("r.nii.gz"), origin: 3)
      let run = try Program.run("evaluate", "p.nii.gz", "r.nii.gz", in: folder)
      #expect(run.status == 65)
      #expect(run.errors.contains("origin (0, 0, 0) against (3, 0, 0) mm, 3 mm apart"))
    }
  }

  @Test("Dice of a real pair equals that of three lines of numpy")
  func real() throws {
    guard let realData else {
      print("no real data at hand (MALPIGHI_REAL_DATA): skipped")
      return
    }
    // a = nibabel.load(p).get_fdata() != 0; b = nibabel.load(r).get_fdata() != 0
    // print(2 * (a & b).sum() / (a.sum() + b.sum()))
    let ixi = realData.appendingPathComponent("mra/ixi")
    let run = try Program.finished(
      [
        "evaluate", ixi.path + "/IXI060_pred.nii.gz", ixi.path + "/IXI060_vessels.nii.gz",
        "--metrics", "dice",
        "--json",
      ], in: FileManager.default.temporaryDirectory)
    let rows = try #require(document(run)["cases"] as? [[String: Any]])
    let dice = try #require((rows[0]["metrics"] as? [String: Any])?["dice"] as? Double)
    #expect(abs(dice - 0.7200792505442359) < 1e-12)
  }
}

import Foundation
import TestSupport
import Testing

/// Comparisons with Python: with programs that only play Python, and with the real one where `MALPIGHI_PYTHON` names a
/// virtual environment that has the packages.
@Suite("Benchmarks beside Python")
struct BenchmarksTests {
  private static let samples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("data/samples")
  private static let scan = samples.appendingPathComponent("vessels/images/vessels_000.nii.gz").path
  private static let mask = samples.appendingPathComponent("vessels/labels/vessels_000.nii.gz").path
  private static let smear = samples.appendingPathComponent("blood/images/blood_000.png").path
  private static let environment = ProcessInfo.processInfo.environment["MALPIGHI_PYTHON"]

  private struct Comparison: Decodable {
    struct Row: Decodable {
      let name: String
      let oursS, pythonS, ratio: Double
      let oursRoundsS, pythonRoundsS: [Double]
    }
    struct Value: Decodable {
      let name: String
      let ours, python: Double
    }
    let packages: [String: String]
    let rounds: Int
    let rows: [Row]
    let values: [Value]
    let differences: [String: Double]
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(text.utf8))
  }

  /// Run `body` with a virtual environment whose Python is this shell script.
  private func withPython(_ script: String, _ body: (_ venv: String, _ folder: URL) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let bin = folder.appendingPathComponent("venv/bin")
      try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
      let python = bin.appendingPathComponent("python")
      try Data("#!/bin/bash\n\(script)\n".utf8).write(to: python)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python.path)
      try body(folder.appendingPathComponent("venv").path, folder)
    }
  }

  @Test(
    "Each fault of the Python side is told by what it is",
    arguments: [
      ("echo '{\"missing\": \"nibabel\"}'", "no package nibabel"),
      ("echo 'ValueError: a strange file' >&2; exit 1", "ValueError: a strange file"),
      ("echo nonsense", "nonsense"),
      ("echo '{\"packages\": {}}'; read; echo broken >&2; exit 3", "broken"),
      ("exec sleep 60", "--python-timeout"),
    ])
  func faults(script: String, expected: String) throws {
    try withPython(script) { venv, folder in
      let run = try Program.benchmarks(
        ["load", Self.scan, "--against-python", venv, "--python-timeout", "0.5"], in: folder)
      #expect(run.status != 0 && !run.isKilled)
      #expect(run.errors.contains(expected), "\(run.errors)")
      #expect(run.output.isEmpty)
    }
  }

  @Test("A folder that is no virtual environment is named")
  func noEnvironment() throws {
    try withTemporaryFolder { folder in
      let run = try Program.benchmarks(["load", Self.scan, "--against-python", "nowhere"], in: folder)
      #expect(run.status != 0 && run.errors.contains("nowhere: no virtual environment"), "\(run.errors)")
    }
  }

  @Test(
    "Medians and ratios are those of the rounds, the first left out; the record names no place or machine")
  func medians() throws {
    let script = """
      echo '{"packages": {"nibabel": "9.9"}}'
      for s in 100 3 1 2; do read question; echo "{\\"seconds\\": {\\"reading\\": $s}, \\"values\\": {}}"; done
      """
    try withPython(script) { venv, folder in
      let run = try Program.benchmarks(
        ["load", Self.scan, "--against-python", venv, "--rounds", "3", "--record", "results"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
      let found = try decode(Comparison.self, run.output)
      let row = try #require(found.rows.first)
      #expect(row.pythonRoundsS == [3, 1, 2] && row.pythonS == 2 && row.oursRoundsS.count == 3)
      #expect(row.oursS == row.oursRoundsS.sorted()[1] && abs(row.ratio - 2 / row.oursS) < 1e-9 * row.ratio)
      #expect(found.packages == ["nibabel": "9.9"])
      #expect(run.errors.contains("nibabel 9.9") && run.errors.contains("reading"), "\(run.errors)")
      let record = try String(
        contentsOf: folder.appendingPathComponent("results/load.json"), encoding: .utf8)
      for secret in [folder.path, ProcessInfo.processInfo.hostName, "/data/"] {
        #expect(!record.contains(secret), "\(secret)")
      }
      for part in ["\"processor\"", "\"compiler\"", "\"memory_mib\"", "vessels_000.nii.gz", "oneDNN"] {
        #expect(record.contains(part), "\(part)")
      }
    }
  }

  @Test(
    "Benchmarks without data run, small",
    arguments: [
      ["kernels", "--width", "4", "--side", "8", "--repeat", "1"],
      ["unet", "--width", "2", "--side", "32", "--repeat", "1", "--operations"],
      ["infer", scan, "--width", "2", "--roi", "16", "--bf16"], ["separate", smear, "--repeat", "1"],
      ["metrics", mask, mask], ["load", scan],
    ])
  func small(arguments: [String]) throws {
    try withTemporaryFolder { folder in
      let run = try Program.benchmarks(arguments, in: folder)
      #expect(run.status == 0, "\(run.errors)")
      #expect(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) is [String: Any])
    }
  }

  @Test("Python packages find the same scores, voxels, contours and logits")
  func agreement() throws {
    guard let venv = Self.environment else { return print("skipped: MALPIGHI_PYTHON is not set") }
    try withTemporaryFolder { folder in
      func compare(_ arguments: String...) throws -> Comparison {
        let run = try Program.benchmarks(arguments + ["--against-python", venv, "--rounds", "1"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        return try decode(Comparison.self, run.output)
      }
      let made = try Program.run(
        "run", "vessels-frangi", Self.scan, "--output", "out", in: folder)
      #expect(made.status == 0, "\(made.errors)")
      let prediction = "out/vessels_000/04-clean/vessels.nii.gz"
      let comparisons = [
        try compare("load", Self.scan), try compare("metrics", prediction, Self.mask),
        try compare("separate", Self.smear, "--repeat", "1"),
      ]
      for value in comparisons.flatMap(\.values) {
        // Skeletons and ellipses differ by a few voxels and by a pixel's convention.
        #expect(abs(value.ours - value.python) <= 0.02 * abs(value.python), "\(value)")
      }
      let infer = try compare("infer", Self.scan, "--width", "8")
      let (difference, largest) = (
        infer.differences["largest difference"], infer.differences["largest logit"]
      )
      #expect(try #require(difference) < 1e-3 * (try #require(largest)), "\(infer.differences)")
      #expect(try compare("unet", "--width", "2", "--side", "32").rows.count >= 2)
    }
  }
}

import Foundation
import TestSupport
import Testing

@Suite("The command line")
struct UsageTests {
  static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Golden")

  @Test(
    "Help is what was agreed; record anew with MALPIGHI_RECORD=1",
    arguments: [
      "", "run", "batch", "train", "evaluate", "synthesize", "inspect", "list", "report", "status", "doctor",
    ])
  func help(command: String) throws {
    let arguments = (command.isEmpty ? [] : [command]) + ["--help"]
    let outcome = try Program.shell(
      "COLUMNS=80 $MALPIGHI \(arguments.joined(separator: " "))",
      in: FileManager.default.temporaryDirectory)
    #expect(outcome.status == 0)
    let file = Self.golden.appendingPathComponent("help\(command.isEmpty ? "" : "-\(command)").txt")
    if ProcessInfo.processInfo.environment["MALPIGHI_RECORD"] != nil {
      try FileManager.default.createDirectory(at: Self.golden, withIntermediateDirectories: true)
      try Data(outcome.output.utf8).write(to: file)
    }
    #expect(try outcome.output == String(contentsOf: file, encoding: .utf8))
  }

  @Test(
    "Wrong use ends with its code and one line that says why",
    arguments: [
      ("fly", 64, "fly"),
      ("run vessels-frangi", 64, "input"),
      ("run vessels-frangi a.nii", 64, "--output"),
      ("run vessels-frangi a.nii --output o --threads 0", 64, "--threads 0"),
      ("run vessels-frangi a.nii --output o --set nonsense", 64, "STAGE.KEY=VALUE expected"),
      ("run vessels-frangi a.nii --output o", 66, "a.nii: no such file"),
      ("run vesels-frangi a.nii --output o", 66, "did you mean 'vessels-frangi'?"),
      ("run no/pipeline.yaml a.nii --output o", 66, "no such pipeline file"),
      ("run vessels-frangi a.nii --output o --set enhance.alhpa=1", 78, "did you mean 'alpha'?"),
      ("run vessels-frangi a.nii --output o --set enhanc.alpha=1", 78, "did you mean 'enhance'?"),
      (
        "run vessels-frangi a.nii --output o --set enhance.alpha=big", 78,
        "a number expected, found 'big'"
      ),
      ("run vessels-frangi a.nii --output o --set threshold.low=0.9", 78, "low at most high"),
      ("run vessels-frangi a.nii --output o --stage clena", 78, "did you mean 'clean'?"),
      ("run vessels-frangi text.nii --output o", 65, "text.nii"),
      ("run vessels-frangi folder --output o", 65, "malpighi batch"),
      ("batch vessels-frangi folder --output o --jobs 0", 64, "--jobs 0: at least 1 expected"),
      ("batch vessels-frangi folder --output o --shard 0/3", 64, "--shard 0/3"),
      ("batch vessels-frangi folder --output o --shard 4/3", 64, "--shard 4/3"),
      ("batch vessels-frangi folder --output o --engine slurm --shard 1/2", 64, "leave --shard out"),
      ("batch vessels-frangi folder --output o --time 10", 64, "belong to --engine slurm"),
      ("status nowhere", 66, "nowhere: no such folder"), ("status folder", 66, "neither batch.json"),
      ("batch vessels-frangi folder --output o", 66, "no cases found"),
      ("batch vessels-frangi nowhere --output o", 66, "nowhere: no such folder"),
      ("evaluate nowhere.nii nowhere.nii", 66, "nowhere.nii"),
      ("evaluate text.nii folder", 64, "one is a file, the other a folder"),
      ("evaluate text.nii text.nii --metrics dise", 64, "dise"),
      ("train vessels-frangi folder --output o", 64, "nothing to train"),
      ("synthesize clouds --output o", 64, "clouds"),
      ("synthesize vessels --output o --set shaep=1", 78, "did you mean 'shape'?"),
      ("inspect text.nii --strictly", 64, "strictly"),
      ("report nowhere", 66, "nowhere: no such folder"),
      ("list nothing", 66, "no pipeline 'nothing'"),
    ])
  func codes(line: String, code: Int, words: String) throws {
    try withTemporaryFolder { folder in
      try Data("this is no image, only text\n".utf8).write(
        to: folder.appendingPathComponent("text.nii"))
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("folder"), withIntermediateDirectories: true)
      let outcome = try Program.shell("$MALPIGHI \(line)", in: folder)
      #expect(!outcome.isKilled && outcome.status == code, "\(outcome.errors)")
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
      if code != 64 {
        let faults = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
        #expect(faults.count == 1, "\(outcome.errors)")
      }
    }
  }

  @Test("A reader that goes away is no fault")
  func closedOutput() throws {
    let outcome = try Program.shell(
      "$MALPIGHI list vessels-frangi | true; echo ${PIPESTATUS[0]}",
      in: FileManager.default.temporaryDirectory)
    #expect(outcome.output == "0\n" && outcome.errors.isEmpty)
  }

  @Test("Completion scripts for the shells are complete", arguments: ["bash", "zsh", "fish"])
  func completion(shell: String) throws {
    let outcome = try Program.run(
      "--generate-completion-script", shell, in: FileManager.default.temporaryDirectory)
    #expect(outcome.status == 0)
    for word in ["synthesize", "overwrite", "shard"] { #expect(outcome.output.contains(word)) }
  }

  @Test("doctor and list answer in JSON too")
  func machineReadable() throws {
    for command in ["doctor --json", "list --json", "list vessels-frangi --json"] {
      let outcome = try Program.shell(
        "$MALPIGHI \(command)", in: FileManager.default.temporaryDirectory)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(throws: Never.self) {
        try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
      }
    }
  }

  @Test("list shows the parameters of a training beside those of the stages")
  func trainingParameters() throws {
    let outcome = try Program.run("list", "vessels-train", in: FileManager.default.temporaryDirectory)
    #expect(outcome.status == 0, "\(outcome.errors)")
    for setting in ["--set segment.overlap=", "--set train.mip=z ", "[none|x|y|z|multi]"] {
      #expect(outcome.output.contains(setting), "\(setting)")
    }
  }

  @Test("inspect prints a list with the agreed keys, also where a file is unreadable")
  func inspect() throws {
    try withTemporaryFolder { folder in
      try writeBox(2..<5, to: folder.appendingPathComponent("a.nii.gz"))
      try Data("text".utf8).write(to: folder.appendingPathComponent("b.nii"))
      let outcome = try Program.run("inspect", "b.nii", "a.nii.gz", "--json", in: folder)
      #expect(outcome.status == 65)
      let list = try #require(
        JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: Any]])
      #expect(list.count == 2 && list[0]["error"] != nil)
      let keys = [
        "affine", "axes", "datatype", "endianness", "file", "findings", "format", "max", "mean",
        "min", "nonfinite",
        "scl_inter", "scl_slope", "shape", "spacing_mm",
      ]
      #expect(list[1].keys.sorted() == keys)
    }
  }
}

import Foundation
import Pipelines
import Reports
import TestSupport
import Testing

@Suite("Pipelines in YAML")
struct PipelineYAMLTests {
  /// The message with which a pipeline is refused, without the folder.
  func refusal(_ yaml: String) throws -> String {
    try withTemporaryFolder { folder in
      do {
        _ = try pipeline(yaml, in: folder)
        return "accepted"
      } catch let error as PipelineError {
        guard case .configuration(let text) = error else {
          return "another kind of error: \(error)"
        }
        return text.replacingOccurrences(of: folder.path + "/", with: "")
      }
    }
  }

  @Test("A pipeline keeps its order, names its folders and takes parameters from the file")
  func reads() throws {
    try withTemporaryFolder { folder in
      let pipeline = try pipeline(exampleYAML, in: folder)
      #expect(pipeline.name == "example")
      #expect(pipeline.steps.map(\.folderName) == ["01-rewrite", "02-compare"])
      #expect(pipeline.steps[0].stage.parameterValues["style"] == .string("upper"))
      #expect(pipeline.steps[0].stage.parameterValues["repeats"] == .integer(1))
      #expect(pipeline.steps[1].sources["text"] == .output(stage: "rewrite", file: "text.txt"))
    }
  }

  @Test("File parameters in YAML start in the folder of the file, quoted words stay words")
  func values() throws {
    try withTemporaryFolder { folder in
      let pipeline = try pipeline(
        """
        stages:
          - type: test.rewrite
            parameters:
              extra: words/end.txt
              suffix: "1.50"
              scales: [0.5, 1]
              weight: 1
        """, in: folder)
      let values = pipeline.steps[0].stage.parameterValues
      #expect(values["extra"] == .string(folder.appendingPathComponent("words/end.txt").path))
      #expect(values["suffix"] == .string("1.50"))
      #expect(values["scales"] == .array([.number(0.5), .number(1)]))
      #expect(pipeline.steps[0].name == "rewrite")
    }
  }

  @Test(
    "A wrong pipeline is refused with line, column and what was meant",
    arguments: [
      ("stagse: []", "example.yaml:1:1: no key 'stagse'; did you mean 'stages'?"),
      ("summary: x", "example.yaml:1:1: a list of stages expected under 'stages:'"),
      (
        "stages:\n  - type: test.rewrit",
        "example.yaml:2:11: no stage type 'test.rewrit'; did you mean 'test.rewrite'?"
      ),
      (
        "stages:\n  - type: test.rewrite\n    parameters:\n      repaets: 3",
        "example.yaml:4:7: no parameter of test.rewrite 'repaets'; did you mean 'repeats'?"
      ),
      (
        "stages:\n  - type: test.rewrite\n    parameters: {repeats: many}",
        "example.yaml:3:27: repeats: a whole number expected, found 'many'"
      ),
      (
        "stages:\n  - type: test.rewrite\n    parameters: {repeats: 10}",
        "example.yaml:3:27: repeats: 1 to 9 expected, found '10'"
      ),
      (
        "stages:\n  - type: test.rewrite\n    parameters: {style: uper}",
        "example.yaml:3:25: style: plain, upper, lower; did you mean 'upper'? expected, found 'uper'"
      ),
      (
        "stages:\n  - type: test.rewrite\n    parameters: {loud: yes}",
        "example.yaml:3:24: loud: true or false expected, found 'yes'"
      ),
      (
        "stages:\n  - type: test.rewrite\n  - type: test.rewrite",
        "example.yaml:3:5: two stages are called 'rewrite'; give one of them another name"
      ),
      (
        "stages:\n  - name: ../up\n    type: test.rewrite",
        "example.yaml:2:11: a stage's name is made of letters, digits, '-' and '_'; found '../up'"
      ),
      (
        "stages:\n  - type: test.compare",
        "example.yaml: pipeline example, stage compare: input 'text' comes from rewrite/text.txt, but no earlier stage 'rewrite'; known: none"
      ),
      ("stages: ]", "example.yaml:1:9: did not find expected node content"),
      ("a: 1\na: 2", "example.yaml:1:1: the key 'a' stands twice"),
      ("", "example.yaml: empty; 'stages:' expected"),
      (
        "cases: folders\nstages: []",
        "example.yaml:1:8: no kind of case 'folders'; did you mean 'folder'?"
      ),
    ])
  func refuses(yaml: String, message: String) throws {
    #expect(try refusal(yaml) == message)
  }

  @Test("A tower of aliases is refused at once, also where it stands as a key")
  func aliasBomb() throws {
    var tower = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      tower +=
        "a\(level): &a\(level) ["
        + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
        + "]\n"
    }
    #expect(try refusal(tower) == "example.yaml: 81 aliases (*name); at most 16")
    #expect(try refusal(tower + "? *a9\n: 1\n") == "example.yaml: 82 aliases (*name); at most 16")
    #expect(
      try refusal("stages: [" + String(repeating: "x, ", count: 12_000) + "x]").contains(
        "more than 10000"))
  }

  @Test("A file of two gigabytes, a pipe and a folder are refused before they are read")
  func noPlainFile() throws {
    try withTemporaryFolder { folder in
      let library = PipelineLibrary(folders: [folder], registry: exampleRegistry)
      let big = folder.appendingPathComponent("big.yaml")
      try Data().write(to: big)
      #expect(truncate(big.path, 2 << 30) == 0)
      #expect(
        throws: PipelineError.configuration(
          "\(big.path): 2147483648 bytes; a pipeline has at most 1048576")
      ) {
        try library.pipeline("big")
      }
      let pipe = folder.appendingPathComponent("pipe.yaml")
      #expect(mkfifo(pipe.path, 0o600) == 0)
      #expect(
        throws: PipelineError.configuration(
          "\(pipe.path): not a regular file; a pipeline is a YAML file")
      ) {
        try library.pipeline("pipe")
      }
    }
  }

  @Test("A name that does not exist proposes the closest")
  func unknownPipeline() throws {
    try withTemporaryFolder { folder in
      _ = try pipeline(exampleYAML, in: folder)
      let library = PipelineLibrary(folders: [folder], registry: exampleRegistry)
      #expect(
        throws: PipelineError.noInput(
          "no pipeline 'exampel'; did you mean 'example'?. A path to a YAML file works too.")
      ) { try library.pipeline("exampel") }
    }
  }
}

import Foundation
import Pipelines
import Reports
import TestSupport
import Testing

@Suite("--set")
struct SettingTests {
  func applied(_ texts: String...) throws -> [String: JSONValue] {
    try withTemporaryFolder { folder in
      try pipeline(exampleYAML, in: folder)
        .applying(try texts.map(Setting.init), relativeTo: URL(fileURLWithPath: "/base"))
        .steps[0].stage.parameterValues
    }
  }

  @Test(
    "A setting takes the same keys as YAML; the last one counts; files start in the working directory"
  )
  func sets() throws {
    let values = try applied(
      "rewrite.repeats=2", "rewrite.repeats=3", "rewrite.scales=0.5,1", "rewrite.suffix=a=b.c",
      "rewrite.extra=end.txt", "rewrite.loud=true")
    #expect(values["repeats"] == .integer(3))
    #expect(values["scales"] == .array([.number(0.5), .number(1)]))
    #expect(values["suffix"] == .string("a=b.c"))
    #expect(values["extra"] == .string("/base/end.txt"))
    #expect(values["loud"] == .bool(true))
    #expect(try applied("rewrite.extra=none")["extra"] == .null)
    #expect(
      try applied("rewrite.scales=[1, 2, 3]")["scales"]
        == .array([.number(1), .number(2), .number(3)]))
  }

  @Test(
    "A wrong setting is a fault of configuration that says what was meant",
    arguments: [
      (
        "rewrit.repeats=2",
        "--set rewrit.repeats=2: no stage 'rewrit'; did you mean 'rewrite'? in pipeline example"
      ),
      (
        "rewrite.repeat=2",
        "--set rewrite.repeat=2: no parameter of stage rewrite 'repeat'; did you mean 'repeats'?"
      ),
      ("rewrite.repeats=two", "--set rewrite.repeats=two: a whole number expected, found 'two'"),
      ("rewrite.repeats=2.5", "--set rewrite.repeats=2.5: a whole number expected, found '2.5'"),
      ("rewrite.repeats=-1", "--set rewrite.repeats=-1: 1 to 9 expected, found '-1'"),
      ("rewrite.weight=nan", "--set rewrite.weight=nan: a number expected, found 'nan'"),
      ("rewrite.weight=0,5", "--set rewrite.weight=0,5: a number expected, found '0,5'"),
    ])
  func refuses(text: String, message: String) throws {
    #expect(throws: PipelineError.configuration(message)) { try applied(text) }
  }

  @Test("Parameters that contradict each other are refused")
  func contradiction() {
    #expect(
      throws: PipelineError.configuration(
        "pipeline example, stage rewrite: not both expected, found loud and lower")
    ) {
      try applied("rewrite.loud=true", "rewrite.style=lower")
    }
  }

  @Test(
    "What is not STAGE.KEY=VALUE is wrong use",
    arguments: ["repeats=2", "rewrite.repeats", "=", ".a=1", "a.=1", ""])
  func malformed(text: String) {
    #expect {
      _ = try Setting(text)
    } throws: {
      guard case .usage? = $0 as? PipelineError else { return false }
      return true
    }
  }
}

import Foundation
import Pipelines
import Reports

/// Writes its input's text in another way, with every kind of parameter.
struct Rewrite: Stage {
  enum Style: String, ParameterChoice { case plain, upper, lower }

  static let name = "test.rewrite"
  static let summary = "Rewrites a text."
  static let parameters = [
    Parameter("style", \Rewrite.style, "how to write"),
    Parameter("repeats", \Rewrite.repeats, "how often", in: 1...9),
    Parameter("weight", \Rewrite.weight, "a number without use", in: 0...1),
    Parameter("scales", \Rewrite.scales, "numbers without use"),
    Parameter("suffix", \Rewrite.suffix, "what to put at the end"),
    Parameter("loud", \Rewrite.loud, "whether to add an exclamation mark"),
    Parameter("extra", \Rewrite.extra, "a file whose text is put at the end"),
  ]
  static let inputs = [StageInput("text", from: "input", "the text")]
  static let outputs = [StageOutput("text.txt", "the new text")]

  var style = Style.plain
  var repeats = 1
  var weight = 0.5
  var scales: [Double] = [1, 2]
  var suffix = ""
  var loud = false
  var extra: InputFile?

  func validate() throws {
    if loud && style == .lower { throw WrongValue(found: "loud and lower", expected: "not both") }
  }

  func run(_ context: StageContext) throws {
    var text = try String(contentsOf: context.input("text"), encoding: .utf8)
    if text.contains("FAIL") {
      throw PipelineError.badData("\(context.caseID): the text says FAIL")
    }
    if text.contains("CRASH") { kill(getpid(), SIGKILL) }
    switch style {
    case .plain: break
    case .upper: text = text.uppercased()
    case .lower: text = text.lowercased()
    }
    text = String(repeating: text, count: repeats) + suffix + (loud ? "!" : "")
    if let extra { text += try String(contentsOf: extra.url, encoding: .utf8) }
    try context.progress(0.5)
    if text.contains("odd") { context.warn("an odd text") }
    try text.write(to: context.output("text.txt"), atomically: false, encoding: .utf8)
  }
}

/// Scores: the number of letters that differ between a text and a label.
struct Compare: Stage {
  static let name = "test.compare"
  static let summary = "Counts differing letters."
  static let inputs = [
    StageInput("text", from: "rewrite/text.txt", "the text"),
    StageInput("label", from: "label", "what it should be", need: .condition),
  ]
  static let outputs = [StageOutput("metrics.json", "the scores", role: .metrics)]

  func run(_ context: StageContext) throws {
    let text = try String(contentsOf: context.input("text"), encoding: .utf8)
    let label = try String(contentsOf: context.input("label"), encoding: .utf8)
    let different = zip(text, label).count { $0 != $1 } + abs(text.count - label.count)
    let scores: JSONValue = .object([
      "dice": label.isEmpty ? .null : .number(1 - Double(different) / Double(max(label.count, 1))),
      "different": .integer(different),
    ])
    try JSONText.encode(scores).write(to: context.output("metrics.json"))
  }
}

let exampleRegistry = StageRegistry([Rewrite.self, Compare.self])

/// Reads a pipeline from YAML text.
func pipeline(_ yaml: String, in folder: URL, named name: String = "example") throws -> Pipeline {
  let url = folder.appendingPathComponent("\(name).yaml")
  try yaml.write(to: url, atomically: true, encoding: .utf8)
  return try PipelineLibrary(folders: [folder], registry: exampleRegistry).pipeline(name)
}

let exampleYAML = """
  summary: Rewrites and compares.
  cases: volume
  stages:
    - name: rewrite
      type: test.rewrite
      parameters: {style: upper}
    - name: compare
      type: test.compare
  """

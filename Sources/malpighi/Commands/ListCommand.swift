import ArgumentParser
import Pipelines
import Reports

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "The pipelines, or the stages of one with their parameters and defaults.")

  @Argument(help: "The name of a pipeline, or the path of a YAML file.")
  var pipeline: String?

  @Flag(help: "Print one JSON document on standard output.")
  var json = false

  func run() throws {
    if let name = pipeline { try show(try library.pipeline(name)) } else { try showAll() }
  }

  private func showAll() throws {
    let entries = try library.names.map { name in
      let pipeline = try library.pipeline(name)
      return PipelineEntry(
        name: name, summary: pipeline.summary, stages: pipeline.steps.map(\.name),
        file: try library.url(of: name).path)
    }
    if json { return Console.out(try JSONText.string(entries), terminator: "") }
    var table = TextTable()
    for entry in entries { table.append(entry.name, entry.summary) }
    Console.out(table.text(indentation: ""))
  }

  private func show(_ pipeline: Pipeline) throws {
    var entries = pipeline.steps.map { step in
      StageEntry(
        name: step.name, type: step.type.name, summary: step.type.summary,
        parameters: step.stage.parameterDescriptions,
        inputs: step.type.inputs.map {
          FileEntry(file: step.sources[$0.name]?.description ?? "", help: $0.help)
        },
        outputs: step.type.outputs.map { FileEntry(file: "\(step.name)/\($0.file)", help: $0.help) }
      )
    }
    if let training = pipeline.training {
      entries.append(
        StageEntry(
          name: "train", type: type(of: training).name, summary: type(of: training).summary,
          parameters: training.parameterDescriptions, inputs: [], outputs: []))
    }
    if json { return Console.out(try JSONText.string(entries), terminator: "") }
    Console.out("\(pipeline.name): \(pipeline.summary)")
    for entry in entries {
      Console.out("\n\(entry.name) (\(entry.type)): \(entry.summary)")
      var table = TextTable()
      for input in entry.inputs { table.append("reads", input.file, input.help) }
      for output in entry.outputs { table.append("writes", output.file, output.help) }
      if !entry.outputs.isEmpty { Console.out(table.text()) }
      var parameters = TextTable()
      for parameter in entry.parameters {
        parameters.append(
          "--set \(entry.name).\(parameter.key)=\(parameter.value.plainText)",
          "\(parameter.help) [\(parameter.accepts)]")
      }
      if !entry.parameters.isEmpty { Console.out(parameters.text()) }
    }
  }
}

private struct PipelineEntry: Encodable {
  let name: String
  let summary: String
  let stages: [String]
  let file: String
}

private struct StageEntry: Encodable {
  let name: String
  let type: String
  let summary: String
  let parameters: [ParameterDescription]
  let inputs: [FileEntry]
  let outputs: [FileEntry]
}

private struct FileEntry: Encodable {
  let file: String
  let help: String
}

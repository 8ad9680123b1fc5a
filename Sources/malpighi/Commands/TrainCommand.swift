import ArgumentParser
import Foundation
import Pipelines
import Reports

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train the network of a pipeline on the labelled cases of a folder.",
    discussion:
      "Parameters of the training are set with --set train.KEY=VALUE; 'malpighi list PIPELINE' shows them.")

  @Argument(help: "The name of a pipeline ('malpighi list'), or the path of a YAML file.")
  var pipeline: String

  @Argument(help: "The folder of cases and labels.")
  var folder: String

  @Option(help: "The folder for weights, history and checkpoints.")
  var output: String

  @Option(help: "The folder of labels, named as the cases.")
  var labels: String?

  @Flag(help: "Train although the same file stands in the folder twice.")
  var allowDuplicates = false

  @Flag(help: "Go on from the last checkpoint.")
  var resume = false

  @OptionGroup var options: ComputeOptions

  func run() throws {
    Interruption.listen(grace: 600)
    let pipeline = try options.pipeline(pipeline)
    guard let training = pipeline.training else {
      throw PipelineError.usage(
        "pipeline \(pipeline.name): has nothing to train ('train:' in its YAML file)")
    }
    let found = try CaseDiscovery(
      folder: url(folder), kind: pipeline.caseKind, labels: labels.map(url), output: url(output))
    let without = found.cases.filter { $0.label == nil }.map(\.id)
    guard without.isEmpty || pipeline.caseKind == .folder || !type(of: training).needsLabelPerCase else {
      throw PipelineError.badData(
        "\(folder): \(without.count) of \(found.cases.count) cases have no label: "
          + without.prefix(10).joined(separator: ", "))
    }
    for remark in found.remarks { Console.warning(remark) }
    if let twins = try DuplicateInputs.remarks(of: found.cases).first {
      guard allowDuplicates else {
        throw PipelineError.badData(
          "\(folder): leak: \(twins); one could be trained on and the other judge the training. Remove one, or "
            + "give --allow-duplicates.")
      }
      Console.warning(twins)
    }
    // The network library, before there is a network to measure.
    try MemoryLimit.require(256 << 20, for: "the training")
    try makeFolder(url(output))
    let bar = ProgressBar(isQuiet: options.json)
    defer { bar.end() }
    bar.begin("training on \(found.cases.count) cases")
    let context = TrainingContext(
      cases: found.cases, folder: url(output), resumes: resume, pipeline: pipeline,
      onProgress: { bar.update($0, $1) }, onNote: { bar.say($0) }, onWarning: { bar.warn($0) })
    try training.run(context)
    bar.end()
    let files = try FileManager.default.contentsOfDirectory(atPath: url(output).path).sorted()
      .filter { !$0.hasPrefix(".") }.map { url(output).appendingPathComponent($0).path }
    if options.json { return Console.out(try JSONText.string(files), terminator: "") }
    for file in files { Console.out(file) }
  }
}

import ArgumentParser
import Foundation
import Pipelines
import Reports

struct SynthesizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesize", abstract: "Make synthetic cases with their labels.",
    discussion: "The same seed gives the same files.")

  @Argument(help: "What to make: \(StageRegistry.builtIn.synthesisNames.joined(separator: ", ")).")
  var kind: String

  @Option(help: "The folder for the cases.")
  var output: String

  @Option(help: "How many cases.")
  var count = 1

  @Option(help: "The seed of the random numbers.")
  var seed: UInt64 = 1

  @Option(
    name: .customLong("set"), help: ArgumentHelp("Change a parameter.", valueName: "key=value"))
  var settings: [String] = []

  @Flag(help: "Print one JSON document on standard output.")
  var json = false

  func validate() throws {
    guard count >= 1 else { throw ValidationError("--count \(count): at least 1 expected") }
    guard StageRegistry.builtIn.synthesis(kind) != nil else {
      throw ValidationError(
        "'\(kind)' cannot be synthesized; known: \(StageRegistry.builtIn.synthesisNames.joined(separator: ", "))"
      )
    }
  }

  func run() throws {
    Interruption.listen(grace: Grace.worker)
    guard let type = StageRegistry.builtIn.synthesis(kind) else { return }
    let synthesis = try type.init().applying(settings, relativeTo: workingDirectory)
    try makeFolder(url(output))
    let bar = ProgressBar(isQuiet: json)
    defer { bar.end() }
    bar.begin(count == 1 ? "1 case" : "\(count) cases")
    var files: [URL] = []
    for index in 0..<count {
      if Interruption.isRequested {
        throw PipelineError.interrupted("interrupted after \(index) of \(count) cases")
      }
      files += try synthesis.write(index: index, seed: seed, into: url(output))
      bar.update(Double(index + 1) / Double(count))
    }
    bar.end()
    if json { return Console.out(try JSONText.string(files.map(\.path)), terminator: "") }
    for file in files { Console.out(file.path) }
  }
}

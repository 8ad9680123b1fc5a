import ArgumentParser
import Foundation
import Numerics
import Pipelines

/// The working directory, where relative file names of the command line start.
let workingDirectory = URL(
  fileURLWithPath: FileManager.default.currentDirectoryPath, isDirectory: true)

/// This program's own file.
let executable: URL = {
  let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  return URL(fileURLWithPath: link ?? CommandLine.arguments[0])
}()

/// The pipelines that can be found, with the stages of this package.
let library = PipelineLibrary(
  workingDirectory: workingDirectory, executable: executable, registry: .builtIn)

/// How long a stage may take to stop after a signal before it is thrown away, in seconds. The parent of workers waits
/// longer than they do.
enum Grace {
  static let worker = 10.0
  static let parent = 15.0
}

/// Options of every command that computes.
struct ComputeOptions: ParsableArguments {
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Change a parameter.", valueName: "stage.key=value"))
  var settings: [String] = []

  @Option(help: "Threads to use. (default: all cores)")
  var threads: Int?

  @Flag(help: "Redo what is already done.")
  var overwrite = false

  @Flag(help: "Print one JSON document on standard output.")
  var json = false

  func validate() throws {
    if let threads, threads < 1 {
      throw ValidationError("--threads \(threads): at least 1 expected")
    }
    for setting in settings {
      do { _ = try Setting(setting) } catch { throw ValidationError("\(error)") }
    }
  }

  /// The pipeline called `name` with the settings applied; the number of threads is set.
  func pipeline(_ name: String) throws -> Pipeline {
    if let threads { Parallel.threads = threads }
    return try library.pipeline(name).applying(
      try settings.map(Setting.init), relativeTo: workingDirectory)
  }
}

/// A path of the command line.
func url(_ path: String) -> URL { URL(fileURLWithPath: path).standardizedFileURL }

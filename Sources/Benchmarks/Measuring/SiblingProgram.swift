import ArgumentParser
import Foundation

/// A program in the folder of this one.
struct SiblingProgram {
  private let executable: URL

  /// This program.
  static let itself = SiblingProgram(
    executable: URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath())

  private init(executable: URL) { self.executable = executable }

  /// The program `name`. Throws where it was not built.
  init(_ name: String) throws {
    executable = Self.itself.executable.deletingLastPathComponent().appendingPathComponent(name)
    guard FileManager.default.isExecutableFile(atPath: executable.path) else {
      throw ValidationError("\(executable.path): not there; build it with: swift build -c release")
    }
  }

  /// What it prints to standard output when it is called with `arguments`; `environment` is added to that of this process.
  func output(of arguments: [String], environment: [String: String] = [:], isQuiet: Bool = false) throws
    -> Data
  {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    let pipe = Pipe()
    process.standardOutput = pipe
    if isQuiet { process.standardError = FileHandle.nullDevice }
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      let command = [executable.lastPathComponent] + arguments
      throw ValidationError("\(command.joined(separator: " ")): ended without a result")
    }
    return output
  }
}

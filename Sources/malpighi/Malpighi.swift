import ArgumentParser
import CStartup
import Foundation
import Logging
import Pipelines

/// The command line of the package.
@main
struct Malpighi: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "malpighi",
    abstract: "Vessels, blood cells and gliomas, segmented on the CPU.",
    discussion: """
      Results go to standard output, progress and messages to standard error. For research use only.
      Exit codes: 0 done, 2 some cases of a batch failed, 64 usage, 65 bad data, 66 no such input, 70 internal,
      73 cannot create output, 74 I/O, 75 interrupted and resumable, 78 configuration.
      """,
    version: packageVersion,
    subcommands: [
      RunCommand.self, BatchCommand.self, TrainCommand.self, EvaluateCommand.self,
      SynthesizeCommand.self,
      InspectCommand.self,
      ListCommand.self, ReportCommand.self, StatusCommand.self, DoctorCommand.self, WorkerCommand.self,
    ])

  static func main() async {
    // A closed standard output is noticed by write(), not by a signal.
    signal(SIGPIPE, SIG_IGN)
    // So is a file that grows beyond the limit of the user.
    signal(SIGXFSZ, SIG_IGN)
    LoggingSystem.bootstrap { label in
      var handler = StreamLogHandler.standardError(label: label)
      handler.logLevel = .error
      return handler
    }
    do {
      startup_restore_environment()
      try AddressSpace.economize()
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch  where isOfArgumentParser(error) {
      exit(withError: error)
    } catch {
      Console.error(ExitStatus.message(of: error))
      Foundation.exit(Int32(ExitStatus(of: error).rawValue))
    }
  }

  /// Whether `error` is one that ArgumentParser made: help, version, usage, an exit code.
  private static func isOfArgumentParser(_ error: any Error) -> Bool {
    error is ExitCode || error is ValidationError || error is CleanExit
      || exitCode(for: error) != .failure
  }
}

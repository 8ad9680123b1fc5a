import ArgumentParser
import Foundation
import Pipelines

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Build the reports of finished cases again.")

  @Argument(help: "The --output folder of 'run' or 'batch', or the folder of one case in it.")
  var folder: String

  @Flag(help: "Only the summary and the index of all cases, not their pages.")
  var indexOnly = false

  func run() throws {
    Interruption.listen(grace: Grace.worker)
    if indexOnly {
      let summary = try ReportRebuilder(registry: .builtIn).rebuildIndex(url(folder))
      Console.out(url(folder).appendingPathComponent("index.html").path)
      if summary.failed > 0 { throw ExitCode(Int32(ExitStatus.someFailed.rawValue)) }
      return
    }
    for report in try ReportRebuilder(registry: .builtIn).rebuild(url(folder)) {
      Console.out(report.path)
    }
  }
}

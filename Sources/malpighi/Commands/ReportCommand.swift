import ArgumentParser
import Pipelines

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Build the reports of finished cases again.")

  @Argument(help: "The --output folder of 'run' or 'batch', or the folder of one case in it.")
  var folder: String

  func run() throws {
    Interruption.listen(grace: Grace.worker)
    for report in try ReportRebuilder(registry: .builtIn).rebuild(url(folder)) {
      Console.out(report.path)
    }
  }
}

import ArgumentParser
import Foundation
import Pipelines
import Reports

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "How far a batch has come: done, running, failed, pending.",
    discussion: """
      Reads the folder of results alone; no scheduler is asked, so it works for batches on this machine, on a cluster
      and for parts started by hand.
      """)

  @Argument(help: "The --output folder of 'batch'.")
  var folder: String

  @Flag(help: "Print one JSON document on standard output.")
  var json = false

  func run() throws {
    let status = try BatchStatus(of: url(folder))
    if json { return Console.out(try JSONText.string(status), terminator: "") }
    let counts = BatchStatus.State.allCases.map { "\(status.counts[$0.rawValue] ?? 0) \($0.rawValue)" }
    Console.out("\(status.cases.count) cases: \(counts.joined(separator: ", "))")
    var table = TextTable()
    for row in status.cases where row.state == .running || row.reason != nil {
      table.append(row.id, row.state.rawValue, Self.text(row))
    }
    let text = table.text()
    if !text.isEmpty { Console.out(text) }
  }

  private static func text(_ row: BatchStatus.Row) -> String {
    if let reason = row.reason { return reason }
    let place =
      "process \(row.process ?? 0) on \(row.host ?? "?")" + (row.slurmTask.map { ", Slurm task \($0)" } ?? "")
    return "\(row.stage ?? "starting"), by \(place), since \(row.since ?? "?")"
  }
}

import ArgumentParser
import Pipelines
import Reports

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Versions, processor, threads, memory; what would be slow and why.")

  @Flag(help: "Print one JSON document on standard output.")
  var json = false

  func run() throws {
    let examination = Examination.ofThisMachine()
    if json { return Console.out(try JSONText.string(examination), terminator: "") }
    var table = TextTable()
    table.append("malpighi", examination.malpighi)
    for (name, version) in examination.libraries.sorted(by: { $0.key < $1.key }) {
      table.append(name, version)
    }
    table.append("system", examination.system)
    table.append("processor", examination.processor)
    table.append("features", examination.features.joined(separator: " "))
    table.append("threads", "\(examination.threads) of \(examination.cores) cores")
    table.append(
      "memory", "\(examination.memoryMiB) MiB, \(examination.availableMemoryMiB) MiB available")
    table.append(
      "temporary", "\(examination.temporaryFolder), \(examination.temporaryFreeMiB) MiB free")
    Console.out(table.text(indentation: ""))
    for remark in examination.remarks { Console.out("- \(remark)") }
    if examination.remarks.isEmpty { Console.out("nothing to complain about") }
  }
}

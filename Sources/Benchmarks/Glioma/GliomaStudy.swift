import ArgumentParser
import Foundation
import Glioma
import ImageFiles
import Imaging
import Numerics

/// The published synthetic evaluation: every method on the patients with one focus and with three.
///
/// Each result is a file of its own, so a run that was stopped goes on where it was, and methods or patients can be
/// added later; the table is made from all files of the grid.
struct GliomaStudy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "glioma-study",
    abstract:
      "Compare the solvers on synthetic patients grown in an atlas; resumable, table as JSON and text.")

  @Option(help: "Tissue label map: 1 CSF, 2 grey, 3 white matter.") var atlas: String
  @Option(help: "Folder of the results.") var output: String
  @Option(help: "First patient of each group.") var first = 0
  @Option(help: "Patients of each group.") var patients = 50
  @Option(help: "Groups: 1, 3 or both foci counts.") var foci: [Int] = [1, 3]
  @Option(help: "Methods: seed, strong, adam, gauss-newton, unstopped, static.")
  var methods: [StudyMethod] = [.seed, .strong, .gaussNewton, .staticField]
  @Option(help: "What the model does not know: none, tissue or diffusivity.") var error = ModelError.none
  @Flag(help: "Give the fits a synthetic PET as well.") var pet = false
  @Option(help: "Time slices.") var nt = 192
  @Option(help: "Cells along each axis.") var nx = 48
  @Option(help: "Epochs of adam.") var epochs = 9000
  @Option(help: "Threads.") var threads = 2
  @Flag(help: "Only make the table of what is there.") var table = false

  func validate() throws {
    guard nt >= 8, nx >= 8, nt % 2 == 0, nx % 2 == 0, epochs > 0, threads > 0, patients > 0, first >= 0 else {
      throw ValidationError("nt and nx even and at least 8; patients, epochs and threads above 0")
    }
    guard foci.allSatisfy({ $0 == 1 || $0 == 3 }) else { throw ValidationError("foci: 1 or 3") }
  }

  func run() throws {
    Parallel.threads = threads
    let folder = URL(fileURLWithPath: output)
    if !table {
      let map = try NIfTIFile(path: atlas).readVolume().volume
      for index in first..<first + patients {
        for count in foci { try study(index, count, map, folder) }
      }
    }
    try writeTable(folder)
  }

  private func study(_ index: Int, _ count: Int, _ atlas: Volume<Float>, _ folder: URL) throws {
    // The strong-constraint fit comes last: Gauss–Newton may have stopped there.
    let missing = (methods.filter { $0 != .strong } + methods.filter { $0 == .strong }).filter {
      !isDone($0, index, count, folder)
    }
    guard !missing.isEmpty else { return }
    let subject = try StudyPatient(
      index: index, foci: count, atlas: atlas, error: error, hasPET: pet, folder: folder)
    for method in missing where !isDone(method, index, count, folder) {
      let clock = ContinuousClock()
      let (begin, processor) = (clock.now, processorSeconds())
      let setup = GliomaSetup(subject.patient, scheme: .correct, slices: nt, cells: nx)
      let solution = try method.solve(setup, epochs: epochs)
      let density = setup.density(solution.density, brain: subject.patient.brain)
      let seconds = (clock.now - begin) / .seconds(1)
      let record = StudyRecord(
        patient: subject.name, method: method.rawValue, nt: nt, nx: nx,
        seconds: seconds,
        processorSeconds: processorSeconds() - processor, loss: solution.terms.total,
        error: DensityError(found: density, truth: subject.truth),
        parameterError: method == .staticField
          ? nil
          : ParameterError(
            solution.parameters, truth: subject.drawn, duration: setup.problem.grid.duration),
        parameters: solution.parameters)
      try encoder.encode(record).write(to: file(method, index, count, folder), options: .atomic)
      if method == .gaussNewton, missing.contains(.strong),
        solution.history.allSatisfy({ $0.phase == "strong" })
      {
        // Nothing contradicted the model: this is the strong-constraint solution.
        var strong = record
        strong.method = StudyMethod.strong.rawValue
        try encoder.encode(strong).write(to: file(.strong, index, count, folder), options: .atomic)
      }
      FileHandle.standardError.write(
        Data("\(subject.name) \(method.rawValue): Dice \(record.error.dice10)\n".utf8))
    }
  }

  private func isDone(_ method: StudyMethod, _ index: Int, _ count: Int, _ folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: file(method, index, count, folder).path)
  }

  private func file(_ method: StudyMethod, _ index: Int, _ count: Int, _ folder: URL) -> URL {
    let number = String(repeating: "0", count: max(0, 3 - "\(index)".count)) + "\(index)"
    return folder.appendingPathComponent("\(count)T-\(number)/\(method.rawValue)-\(nt)x\(nx).json")
  }

  private func writeTable(_ folder: URL) throws {
    let decoder = JSONDecoder()
    var rows: [StudyRow] = []
    for count in [1, 3] {
      for method in StudyMethod.allCases {
        let records = try (0..<1000).compactMap { index -> StudyRecord? in
          let url = file(method, index, count, folder)
          guard FileManager.default.fileExists(atPath: url.path) else { return nil }
          return try decoder.decode(StudyRecord.self, from: Data(contentsOf: url))
        }
        if !records.isEmpty { rows.append(StudyRow(foci: count, method: method.rawValue, records: records)) }
      }
    }
    let text = ([StudyRow.heading] + rows.map(\.text)).joined(separator: "\n") + "\n"
    try Data(text.utf8).write(to: folder.appendingPathComponent("table-\(nt)x\(nx).txt"), options: .atomic)
    let data = try encoder.encode(rows)
    try data.write(to: folder.appendingPathComponent("table-\(nt)x\(nx).json"), options: .atomic)
    FileHandle.standardError.write(Data(text.utf8))
    print(String(decoding: data, as: UTF8.self))
  }

  private var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    return encoder
  }

  private func processorSeconds() -> Double { Double(clock()) / 1e6 }
}

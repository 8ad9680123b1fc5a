import ArgumentParser
import Foundation
import Pipelines

/// Makes a table of the documentation again.
struct EvidenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evidence", abstract: "Make a table of the documentation again, as Markdown.",
    discussion: "Recipes are the YAML files of pipelines/evidence; each says what it claims, needs and takes."
  )

  @Argument(help: "The recipe (YAML). Several make several tables.") var recipes: [String]
  @Option(help: "The folder of the data that a recipe asks for.") var data: String?
  @Option(help: "The folder for what benchmarks keep between runs.") var output = "runs/evidence"
  @Flag(help: "The small version: whether the table can be made, not what it says.") var small = false

  func run() throws {
    for path in recipes { try table(URL(fileURLWithPath: path)) }
  }

  private func table(_ file: URL) throws {
    let recipe = try EvidenceRecipe(contentsOf: file)
    let runs = small ? recipe.small : recipe.run
    guard let runs else { throw ValidationError("\(file.path): no small version; leave out --small") }
    if data == nil, let needed = recipe.data, runs.joined().contains(where: { $0.contains("{data}") }) {
      throw ValidationError("\(file.path): name with --data the folder that holds \(needed)")
    }
    let folder = URL(fileURLWithPath: output)
      .appendingPathComponent(file.deletingPathExtension().lastPathComponent + (small ? "-small" : ""))
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let start = ContinuousClock.now
    var table = EvidenceTable(recipe.columns)
    for arguments in runs {
      let resolved = arguments.map {
        $0.replacingOccurrences(of: "{output}", with: folder.path)
          .replacingOccurrences(of: "{data}", with: data ?? "")
      }
      try table.append(try printed(by: resolved), rows: recipe.rows)
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    print(
      """
      ## \(recipe.title)\(small ? " (small version: the numbers mean nothing)" : "")

      \(recipe.claim)

      \(table.markdown)

      Made in \(Int(seconds.rounded())) s on \(machine).

      """)
    fflush(nil)
  }

  /// The processor and how many cores of it there are.
  private var machine: String {
    let machine = Examination.ofThisMachine()
    return "\(machine.processor), \(machine.cores) cores"
  }

  /// What this program prints when it is called with `arguments`. A process of its own, so that no run warms up another.
  private func printed(by arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw ValidationError("malpighi-benchmarks \(arguments.joined(separator: " ")): ended without a result")
    }
    return output
  }
}

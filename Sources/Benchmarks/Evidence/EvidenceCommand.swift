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
  @Option(help: "The virtual environment of a recipe that compares with Python packages.")
  var againstPython: String?
  @Option(help: "The folder for what benchmarks keep between runs.") var output = "runs/evidence"
  @Flag(help: "The small version: whether the table can be made, not what it says.") var small = false

  func run() throws {
    for path in recipes { try table(URL(fileURLWithPath: path)) }
  }

  private func table(_ file: URL) throws {
    let recipe = try EvidenceRecipe(contentsOf: file)
    let runs = small ? recipe.small : recipe.run
    guard let runs else { throw ValidationError("\(file.path): no small version; leave out --small") }
    func needs(_ word: String) -> Bool { runs.joined().contains { $0.contains(word) } }
    if data == nil, needs("{data}") {
      throw ValidationError(
        "\(file.path): name with --data the folder that holds \(recipe.data ?? "its data")")
    }
    if againstPython == nil, needs("{python}") {
      throw ValidationError("\(file.path): name with --against-python a virtual environment")
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
          .replacingOccurrences(of: "{python}", with: againstPython ?? "")
      }
      try table.append(
        try printed(by: resolved), of: arguments.joined(separator: " "), rows: recipe.rows,
        files: recipe.files ?? [])
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

  /// What this program prints when it is called with `arguments`, or `malpighi` where that is their first word. A process of
  /// its own, so that no run warms up another.
  private func printed(by arguments: [String]) throws -> Data {
    arguments.first == "malpighi"
      ? try SiblingProgram("malpighi").output(of: Array(arguments.dropFirst()))
      : try SiblingProgram.itself.output(of: arguments)
  }
}

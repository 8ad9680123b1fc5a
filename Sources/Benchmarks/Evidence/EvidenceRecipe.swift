import ArgumentParser
import Foundation
import Yams

/// How a table of the documentation is made: one YAML file of `pipelines/evidence`.
struct EvidenceRecipe: Decodable {
  /// A table's column: the heading, and where its value stands in a row.
  struct Column: Decodable {
    /// The heading.
    var title: String
    /// Keys from the row inwards, joined by dots. `row` names the row itself where rows have names,
    /// `command` what was run.
    var value: String
    /// Digits after the decimal point; 3 where absent.
    var digits: Int?
    /// Whether rows may lack it, such as what a processor cannot do; a dash stands there.
    var optional: Bool?
  }

  /// What the table is called.
  var title: String
  /// Which claim it is to show, and of which paper.
  var claim: String
  /// What it needs beside the package: the contents of the folder given as `--data`.
  var data: String?
  /// How long it takes, and where.
  var runtime: String
  /// The benchmarks whose rows make the table, each as the arguments of one run; with `malpighi` as the first word, that
  /// program's. `{output}` stands for the folder of results, `{data}` for that of the data, `{python}` for a virtual environment.
  var run: [[String]]
  /// A version for continuous integration; absent where the data are needed.
  var small: [[String]]?
  /// Where the rows stand in what a benchmark prints: keys joined by dots, the last one `*` where rows are named; absent where
  /// it prints rows.
  var rows: String?
  /// JSON files of a case that `malpighi run` made, as STAGE/NAME.json; their members are found as STAGE/NAME.KEY.
  var files: [String]?
  /// The columns, from left to right.
  var columns: [Column]

  /// The recipe in `file`. Throws `ValidationError` naming the file where it is none.
  init(contentsOf file: URL) throws {
    do {
      self = try YAMLDecoder().decode(EvidenceRecipe.self, from: try Data(contentsOf: file))
    } catch {
      throw ValidationError("\(file.path): not a recipe of a table: \(error)")
    }
    guard !run.isEmpty, !columns.isEmpty else {
      throw ValidationError("\(file.path): a table needs at least one run and one column")
    }
  }
}

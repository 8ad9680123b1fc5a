import BloodCells
import Foundation
import ImageFiles
import Imaging
import Metrics
import Reports

/// Scores the cells against a label image or a list of centres.
struct EvaluateCells: Stage {
  static let name = "blood.evaluate"
  static let summary =
    "Scores cells against instance masks (PNG) or centres (CSV with x, y and perhaps class_name)."
  static let parameters = [
    Parameter(
      "radius", \EvaluateCells.radius, "how far a centre may be from its label, in pixels", in: 0.5...500),
    Parameter(
      "fully_labelled", \EvaluateCells.fullyLabelled,
      "whether every cell has a label; if not, cells without one are no error and only recall is given"),
  ]
  static let inputs = [
    StageInput("cells", from: "separate/cells.csv", "the cells"),
    StageInput("labels", from: "separate/labels.png", "their pixels"),
    StageInput("typed", from: "classify/cells.csv", "the cells' types"),
    StageInput(
      "label", from: "label",
      "instance ids (PNG), or centres (CSV: x, y, class_name for types, image where it holds several)",
      need: .condition),
  ]
  static let outputs = [
    StageOutput("metrics.json", "the scores", role: .metrics),
    StageOutput("confusion.json", "labelled against found types", role: .optional),
  ]

  var radius = 15.0
  var fullyLabelled = true

  func run(_ context: StageContext) throws {
    let label = try context.input("label")
    let scores: [String: JSONValue]
    if label.pathExtension.lowercased() == "csv" {
      let typed = try TypedCellTable.cells(String(contentsOf: context.input("typed"), encoding: .utf8))
      let table = try named(label) {
        try CellLabelTable(String(contentsOf: label, encoding: .utf8), image: context.caseID)
      }
      let found = PlacedAndTyped(
        cells: typed.map { ($0.cell.ellipse.center, $0.type) }, labels: table.labels, radius: radius)
      scores = self.scores(found.placed).merging(typeScores(found)) { first, _ in first }
      if found.confusion.total > 0 {
        try JSONText.encode(ConfusionRecord(found)).write(to: context.output("confusion.json"))
      }
    } else {
      scores = try instanceScores(context, label)
    }
    try JSONText.encode(JSONValue.object(scores)).write(to: context.output("metrics.json"))
  }

  /// What `confusion.json` holds.
  struct ConfusionRecord: Codable {
    let types: [String]
    /// `counts[labelled][found]`.
    let counts: [[Int]]

    init(_ found: PlacedAndTyped) {
      types = found.types
      counts = found.confusion.counts
    }
  }

  /// Scores of the types, where the labels have any.
  private func typeScores(_ found: PlacedAndTyped) -> [String: JSONValue] {
    func number(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
    var result = ["mean_distance_px": number(found.meanDistance)]
    guard let typed = found.typed else { return result }
    result["type_accuracy"] = number(found.confusion.accuracy)
    result["type_balanced_accuracy"] = number(found.confusion.balancedAccuracy)
    result["placed_and_typed_recall"] = number(typed.recall)
    if fullyLabelled {
      result["placed_and_typed_precision"] = number(typed.precision)
      result["placed_and_typed_f1"] = number(typed.f1)
    }
    return result
  }

  private func instanceScores(_ context: StageContext, _ label: URL) throws -> [String: JSONValue] {
    let predicted = try ids(context.input("labels"))
    let reference = try ids(label)
    guard predicted.width == reference.width, predicted.height == reference.height else {
      throw BloodCellsError.sizesDiffer(
        what: label.path, found: [reference.width, reference.height],
        expected: [predicted.width, predicted.height])
    }
    let matching = InstanceMatching(predicted: predicted, reference: reference)
    var result = scores(matching.counts(iou: 0.5))
    if fullyLabelled {
      for (name, threshold) in [
        ("ap50", 0.5), ("ap60", 0.6), ("ap70", 0.7), ("ap75", 0.75), ("ap80", 0.8), ("ap90", 0.9),
      ] {
        result[name] = matching.counts(iou: threshold).jaccard.map(JSONValue.number) ?? .null
      }
      result["panoptic_quality"] = matching.panopticQuality.map(JSONValue.number) ?? .null
    }
    let pairs = matching.pairs(iou: 0.5)
    result["mean_iou"] =
      pairs.isEmpty ? .null : .number(pairs.reduce(0) { $0 + $1.iou } / Double(pairs.count))
    return result
  }

  private func scores(_ counts: DetectionCounts) -> [String: JSONValue] {
    var result: [String: JSONValue] = [
      "cells_found": .integer(counts.truePositives + counts.falsePositives),
      "cells_labelled": .integer(counts.truePositives + counts.falseNegatives),
      "recall": counts.recall.map(JSONValue.number) ?? .null,
    ]
    if fullyLabelled {
      result["precision"] = counts.precision.map(JSONValue.number) ?? .null
      result["f1"] = counts.f1.map(JSONValue.number) ?? .null
      result["jaccard"] = counts.jaccard.map(JSONValue.number) ?? .null
      result["count_error"] = .integer(counts.falsePositives - counts.falseNegatives)
    }
    return result
  }

  /// A picture of ids.
  private func ids(_ url: URL) throws -> Plane<UInt16> {
    switch try RasterFile.read(path: url.path).pixels {
    case .gray8(let plane): return plane.map { UInt16($0) }
    case .gray16(let plane): return plane
    case .rgb:
      throw PipelineError.badData(
        "\(url.path): a colour picture; grey cell ids (8 or 16 bits) expected, 0 for background.")
    }
  }

  /// Errors of a table with the name of its file.
  private func named<Value>(_ url: URL, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let error as CellTableError {
      throw PipelineError.badData("\(url.path): \(error.description)")
    }
  }
}

import BloodCells
import Foundation
import ImageFiles
import Imaging
import Reports

extension SeparationPreset: ParameterChoice {}

/// Takes clumps apart into cells with ellipses.
struct SeparateCells: Stage {
  static let name = "blood.separate"
  static let summary = "Finds the ellipse of every red cell, overlapping ones apart."
  static let parameters = [
    Parameter(
      "preset", \SeparateCells.preset,
      "best, or the method of arXiv 2012.01321 with its own foreground and its constants for 640×480 at 1000×"
    )
  ]
  static let inputs = [
    StageInput("image", from: "prepare/image.png", "the smear"),
    StageInput("mask", from: "foreground/mask.png", "the foreground"),
    StageInput("foreground", from: "foreground/foreground.json", "the size of the cells"),
  ]
  static let outputs = [
    StageOutput("cells.csv", "one line a cell"),
    StageOutput("labels.png", "16-bit ids of the visible pixels", role: .mask),
    StageOutput("separation.json", "counts, concave points, rejected objects"),
  ]

  var preset = SeparationPreset.best

  /// What `separation.json` holds.
  struct Record: Codable {
    let preset: String
    let cells: Int
    let clumps: Int
    let cellsInClumps: Int
    let medianCellAreaPx: Double?
    let concavePoints: [[Double]]
    let rejected: [SeparatedSmear.Rejected]
  }

  func run(_ context: StageContext) throws {
    do { try separate(context) } catch let error as BloodCellsError where error.exitStatus == .badData {
      throw PipelineError.badData("\(context.caseID): \(error)")
    }
  }

  private func separate(_ context: StageContext) throws {
    let image = try RasterFile.read(path: context.input("image").path).rgb
    try context.progress(0.1)
    let smear: SeparatedSmear
    switch preset {
    case .paper: smear = try SmearSeparator(preset: .paper)(image)
    case .best:
      let foreground = try ForegroundFile.read(
        mask: context.input("mask"), record: context.input("foreground"))
      guard foreground.mask.width == image.width, foreground.mask.height == image.height else {
        throw BloodCellsError.sizesDiffer(
          what: "foreground/mask.png", found: [foreground.mask.width, foreground.mask.height],
          expected: [image.width, image.height])
      }
      smear = try SmearSeparator.separate(foreground, parameters: SeparationParameters())
      try SmearSeparator.requireCells(smear, of: foreground)
    }
    try context.progress(0.8)
    let tooLarge = smear.rejected.count { $0.reason == .tooLarge }
    if tooLarge > 0 { context.warn("\(tooLarge) parts are too large to be taken apart and were left out") }
    if smear.cells.isEmpty { context.warn("no cells found") }
    try Data(CellTable.text(smear.cells).utf8).write(to: context.output("cells.csv"))
    try PNGWriter().write(smear.labels, to: context.output("labels.png").path)
    let sizes = Dictionary(grouping: smear.cells, by: \.clump).values.map(\.count).filter { $0 > 1 }
    let record = Record(
      preset: preset.rawValue, cells: smear.cells.count, clumps: sizes.count,
      cellsInClumps: sizes.reduce(0, +),
      medianCellAreaPx: smear.medianCellArea, concavePoints: smear.concavePoints.map { [$0.x, $0.y] },
      rejected: smear.rejected)
    try JSONText.encode(record).write(to: context.output("separation.json"))
  }
}

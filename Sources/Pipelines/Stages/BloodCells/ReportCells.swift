import BloodCells
import Foundation
import ImageFiles
import Imaging
import Reports

/// The overlay and the report of a smear.
struct ReportCells: Stage {
  static let name = "blood.report"
  static let summary = "Draws the cells over the smear, coloured by type, and writes the report."
  static let inputs = [
    StageInput("image", from: "prepare/image.png", "the smear"),
    StageInput("cells", from: "classify/cells.csv", "the cells with their types"),
    StageInput("types", from: "classify/types.json", "counts of the types"),
    StageInput("separation", from: "separate/separation.json", "counts and rejected objects"),
    StageInput("metrics", from: "evaluate/metrics.json", "the scores", need: .optional),
    StageInput("confusion", from: "evaluate/confusion.json", "labelled against found types", need: .optional),
  ]
  static let outputs = [
    StageOutput(
      "overlay.png", "the smear with the ellipse of every cell, coloured by type, and a legend below it"),
    StageOutput("report.html", "the report", role: .report),
  ]

  func run(_ context: StageContext) throws {
    let image = try RasterFile.read(path: context.input("image").path).rgb
    let cells = try TypedCellTable.cells(String(contentsOf: context.input("cells"), encoding: .utf8))
    let record = try JSONText.decode(
      SeparateCells.Record.self, from: Data(contentsOf: context.input("separation")))
    let types = try JSONText.decode(ClassifyCells.Record.self, from: Data(contentsOf: context.input("types")))
    let pictures = CellPictures(image: image, cells: cells, types: types.types.map(\.type))
    let overlay = pictures.overlay()
    try PNGWriter().write(overlay.withLegend(pictures.legend()), to: context.output("overlay.png").path)
    try context.progress(0.5)

    var report = Report(title: "Blood smear \(context.caseID)", subtitle: context.pipeline)
    report.highlights = [
      .init("cells", String(record.cells)), .init("clumps", String(record.clumps)),
      .init("cells in clumps", String(record.cellsInClumps)),
      .init("median cell area", NumberText.short(record.medianCellAreaPx?.rounded()) + " px²"),
      .init(
        "uncertain types", String(types.uncertain),
        note: "probability below \(NumberText.short(types.leastProbability))"),
    ]
    report.warnings = context.earlier.flatMap(\.warnings)
    report.sections = [
      Report.Section(
        "Cells",
        [
          .figures([
            Figure(
              try encoded(overlay),
              caption: "Ellipses with their hidden parts, in \(image.width)×\(image.height) pixels")
          ]),
          .legend(pictures.legend()),
        ]), shares(types),
    ]
    let gallery = try pictures.gallery(perType: 10).map {
      Figure(try encoded($0.picture), caption: "\($0.type): the \($0.count) most certain")
    }
    if !gallery.isEmpty { report.sections.append(Report.Section("Gallery", [.figures(gallery)])) }
    if let url = context.optionalInput("metrics") {
      let scores = try JSONText.decode(JSONValue.self, from: Data(contentsOf: url)).flattenedNumbers()
      report.sections.append(
        Report.Section(
          "Scores",
          [.facts(scores.sorted { $0.key < $1.key }.map { Report.Fact($0.key, NumberText.short($0.value)) })])
      )
    }
    if let url = context.optionalInput("confusion") {
      let record = try JSONText.decode(
        EvaluateCells.ConfusionRecord.self, from: Data(contentsOf: url))
      report.sections.append(confusion(record))
    }
    report.sections.append(Report.Section("Table of cells", [.table(table(of: cells))]))
    if !record.rejected.isEmpty { report.sections.append(rejected(record.rejected)) }
    report.sections += Provenance.sections(context.earlier)
    try Data(report.html().utf8).write(to: context.output("report.html"))
  }

  private func encoded(_ picture: RGBImage) throws -> EncodedImage {
    EncodedImage(
      .jpeg, data: Data(try JPEGWriter(quality: 88).encode(picture)), width: picture.width,
      height: picture.height)
  }

  /// Percentages of the types among whole cells.
  private func shares(_ types: ClassifyCells.Record) -> Report.Section {
    let most = types.types.compactMap(\.percent).max() ?? 100
    return Report.Section(
      "Types",
      [
        .bars(
          BarChart(
            title: "Percent of the \(types.wholeCells) cells that the border does not cut",
            bars: types.types.map { .init($0.type, $0.percent) }, maximum: max(most, 1))),
        .table(
          Table(
            columns: ["type", "cells", "percent"],
            rows: types.types.map {
              [Table.Cell($0.type), Table.Cell(Double($0.cells)), Table.Cell($0.percent)]
            }, isSortable: true)),
      ])
  }

  private func confusion(_ record: EvaluateCells.ConfusionRecord) -> Report.Section {
    Report.Section(
      "Labelled and found types",
      [
        .paragraph(
          "A row for each labelled type, a column for each type found; cells in the right place only."),
        .table(
          Table(
            columns: ["labelled"] + record.types,
            rows: zip(record.types, record.counts).map { type, counts in
              [Table.Cell(type)] + counts.map { Table.Cell(Double($0)) }
            })),
      ])
  }

  private func table(of cells: [(cell: SmearCell, type: String, probability: Double)]) -> Table {
    Table(
      columns: [
        "id", "type", "probability", "x", "y", "semi-major, px", "semi-minor, px", "angle, °",
        "visible area, px²", "clump", "fit", "border",
      ],
      rows: cells.map { cell, type, probability in
        let e = cell.ellipse
        let numbers: [Double] = [
          e.center.x, e.center.y, e.semiAxes.x, e.semiAxes.y, e.angle * 180 / .pi, Double(cell.area),
          Double(cell.clump),
        ]
        var row: [Table.Cell] = [.init(Double(cell.id)), .init(type), .init(probability)]
        for number in numbers { row.append(.init((number * 10).rounded() / 10)) }
        row.append(.init(cell.fit.rawValue))
        row.append(.init(cell.touchesBorder ? "cut" : ""))
        return row
      }, isSortable: true)
  }

  private func rejected(_ objects: [SeparatedSmear.Rejected]) -> Report.Section {
    Report.Section(
      "Left out",
      [
        .table(
          Table(
            columns: ["reason", "x", "y", "area, px²"],
            rows: objects.map {
              [
                Table.Cell($0.reason.rawValue), Table.Cell($0.center.x.rounded()),
                Table.Cell($0.center.y.rounded()),
                Table.Cell(Double($0.area)),
              ]
            }, isSortable: true))
      ])
  }
}

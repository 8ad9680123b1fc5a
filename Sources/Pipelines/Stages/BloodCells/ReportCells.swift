import BloodCells
import Foundation
import ImageFiles
import Imaging
import Reports

/// The overlay and the report of a smear.
struct ReportCells: Stage {
  static let name = "blood.report"
  static let summary = "Draws the cells over the smear and writes the report."
  static let inputs = [
    StageInput("image", from: "prepare/image.png", "the smear"),
    StageInput("cells", from: "separate/cells.csv", "the cells"),
    StageInput("separation", from: "separate/separation.json", "counts and rejected objects"),
    StageInput("metrics", from: "evaluate/metrics.json", "the scores", need: .optional),
  ]
  static let outputs = [
    StageOutput("overlay.png", "the smear with the ellipse of every cell"),
    StageOutput("report.html", "the report", role: .report),
  ]

  func run(_ context: StageContext) throws {
    let image = try RasterFile.read(path: context.input("image").path).rgb
    let cells = try CellTable.cells(String(contentsOf: context.input("cells"), encoding: .utf8))
    let record = try JSONText.decode(
      SeparateCells.Record.self, from: Data(contentsOf: context.input("separation")))
    let thickness = max(1.2, Double(max(image.width, image.height)) / 800)
    let overlay = CellOverlay.draw(cells, over: image, thickness: thickness) { color(of: $0).rgb }
    try PNGWriter().write(overlay, to: context.output("overlay.png").path)
    try context.progress(0.5)

    var report = Report(title: "Blood smear \(context.caseID)", subtitle: context.pipeline)
    report.highlights = [
      .init("cells", String(record.cells)), .init("clumps", String(record.clumps)),
      .init("cells in clumps", String(record.cellsInClumps)),
      .init("median cell area", NumberText.short(record.medianCellAreaPx) + " px²"),
    ]
    report.warnings = context.earlier.flatMap(\.warnings)
    let picture = try EncodedImage(
      .jpeg, data: Data(JPEGWriter(quality: 88).encode(overlay)), width: overlay.width, height: overlay.height
    )
    report.sections = [
      Report.Section(
        "Cells",
        [
          .figures([
            Figure(
              picture, caption: "Ellipses with their hidden parts, in \(image.width)×\(image.height) pixels")
          ]),
          .legend(SmearCell.Fit.allCases.map { LegendEntry(color(of: $0), text(of: $0)) }),
        ])
    ]
    if let url = context.optionalInput("metrics") {
      let scores = try JSONText.decode(JSONValue.self, from: Data(contentsOf: url)).flattenedNumbers()
      report.sections.append(
        Report.Section(
          "Scores",
          [.facts(scores.sorted { $0.key < $1.key }.map { Report.Fact($0.key, NumberText.short($0.value)) })])
      )
    }
    report.sections.append(Report.Section("Table of cells", [.table(table(of: cells))]))
    if !record.rejected.isEmpty { report.sections.append(rejected(record.rejected)) }
    report.sections += Provenance.sections(context.earlier)
    try Data(report.html().utf8).write(to: context.output("report.html"))
  }

  private func table(of cells: [SmearCell]) -> Table {
    Table(
      columns: [
        "id", "x", "y", "semi-major, px", "semi-minor, px", "angle, °", "visible area, px²", "clump", "fit",
        "border",
      ],
      rows: cells.map { cell in
        let e = cell.ellipse
        let numbers = [
          Double(cell.id), e.center.x, e.center.y, e.semiAxes.x, e.semiAxes.y, e.angle * 180 / .pi,
          Double(cell.area), Double(cell.clump),
        ]
        return numbers.map { Table.Cell(($0 * 10).rounded() / 10) }
          + [Table.Cell(cell.fit.rawValue), Table.Cell(cell.touchesBorder ? "cut" : "")]
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

  private func color(of cell: SmearCell) -> PaletteColor { color(of: cell.fit) }

  private func color(of fit: SmearCell.Fit) -> PaletteColor {
    switch fit {
    case .single: .green
    case .arc: .vermilion
    case .arcs: .purple
    case .interior: .sky
    case .remainder: .orange
    case .failed: .yellow
    }
  }

  private func text(of fit: SmearCell.Fit) -> String {
    switch fit {
    case .single: "a cell by itself"
    case .arc: "in a clump, from one arc of its outline"
    case .arcs: "in a clump, from several arcs"
    case .interior: "in a clump, from its interior"
    case .remainder: "what the other cells of a clump left"
    case .failed: "no ellipse fits the outline: second moments"
    }
  }
}

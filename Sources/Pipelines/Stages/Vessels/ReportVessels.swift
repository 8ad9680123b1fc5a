import Foundation
import ImageFiles
import Imaging
import Reports

/// The report of a vessel segmentation.
struct ReportVessels: Stage {
  static let name = "vessels.report"
  static let summary = "Projections, a slice viewer, scores, timings and provenance on one page."
  static let inputs = [
    StageInput("image", from: "prepare/image.nii.gz", "the image"),
    StageInput("vessels", from: "clean/vessels.nii.gz", "the vessels"),
    StageInput("label", from: "label", "what they should be", need: .optional),
    StageInput("metrics", from: "evaluate/metrics.json", "the scores", need: .optional),
  ]
  static let outputs = [StageOutput("report.html", "the report", role: .report)]

  func run(_ context: StageContext) throws {
    let image = try NIfTIFile(path: context.input("image").path).readVolume()
    let vessels = try NIfTIFile(path: context.input("vessels").path).readMask(.binary).volume
    let label = try context.optionalInput("label").map {
      try NIfTIFile(path: $0.path).readMask(.anyLabel).volume
    }
    try context.progress(0.2)
    let pictures = MaskPictures(image: image.volume, mask: vessels, label: label)
    var report = Report(
      title: context.caseID, subtitle: "Vessels of an MR angiography, pipeline \(context.pipeline)")
    report.warnings = context.earlier.flatMap { record in
      record.warnings.map { "\(record.stage): \($0)" }
    }
    let metrics = try context.optionalInput("metrics").map {
      try JSONText.decode(JSONValue.self, from: Data(contentsOf: $0)).flattenedNumbers()
    }
    if let metrics { report.highlights = ScoreTable.highlights(metrics) }
    report.sections.append(
      Report.Section(
        "Maximum-intensity projections",
        [.figures(try pictures.projections()), .legend(pictures.legend)]))
    try context.progress(0.4)
    report.sections.append(Report.Section("Slices", [.viewer(try pictures.viewer())]))
    try context.progress(0.8)
    if let metrics { report.sections.append(ScoreTable.section(metrics)) }
    report.sections.append(
      Report.Section("Measures", [.facts(facts(vessels))]))
    report.sections += Provenance.sections(context.earlier)
    try Data(report.html().utf8).write(to: context.output("report.html"))
  }

  private func facts(_ vessels: Mask) -> [Report.Fact] {
    let count = vessels.voxels.reduce(0) { $0 + Int($1) }
    let grid = vessels.grid
    let spacing = (0..<3).map { NumberText.short(grid.spacing[$0]) }.joined(separator: " × ")
    return [
      Report.Fact("size", "\(grid.shape) voxels"), Report.Fact("spacing", "\(spacing) mm"),
      Report.Fact("axes", "\(grid.axisCodes)"), Report.Fact("vessel voxels", "\(count)"),
      Report.Fact(
        "vessel volume", "\(NumberText.short(Double(count) * grid.voxelVolume / 1000)) mL"),
    ]
  }
}

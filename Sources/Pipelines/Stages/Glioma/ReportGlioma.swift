import Foundation
import Glioma
import ImageFiles
import Imaging
import Reports

/// The report of a glioma patient.
struct ReportGlioma: Stage {
  static let name = "glioma.report"
  static let summary = "Slices with contours, growth, parameters, loss and dose in one page."
  static let inputs =
    PreparedPatient.inputs + [
      StageInput("density", from: "solve/density.nii.gz", "fraction of tumour cells"),
      StageInput("parameters", from: "solve/parameters.json", "fitted parameters"),
      StageInput("loss", from: "solve/loss.csv", "course of the loss"),
      StageInput("growth", from: "solve/growth.nii.gz", "snapshots", need: .optional),
      StageInput("standard", from: "plan/standard_ctv.nii.gz", "standard plan"),
      StageInput("model", from: "plan/model_ctv.nii.gz", "model plan"),
      StageInput("dose", from: "plan/dose.nii.gz", "illustrative dose"),
      StageInput("recurrence", from: "prepare/recurrence.nii.gz", "the recurrence", need: .optional),
      StageInput("coverage", from: "evaluate/coverage.json", "coverage of the recurrence", need: .optional),
    ]
  static let outputs = [StageOutput("report.html", "the report", role: .report)]

  func run(_ context: StageContext) throws {
    let (patient, _) = try PreparedPatient.read(context)
    func volume(_ name: String) throws -> Volume<Float> {
      try NIfTIFile(path: context.input(name).path).readVolume().volume
    }
    let density = try volume("density")
    let (standard, model, dose) = (try volume("standard"), try volume("model"), try volume("dose"))
    let recurrence = try context.optionalInput("recurrence").map {
      try NIfTIFile(path: $0.path).readVolume().volume
    }
    var report = Report(title: context.caseID, subtitle: "Glioma: modelled tumour cells and target volumes")
    report.warnings = ["Research use only. Not a medical device, not a treatment plan."]
    let decoder = JSONDecoder()
    let parameters = try decoder.decode(
      [String: ParameterReport].self, from: Data(contentsOf: context.input("parameters")))
    for (name, title) in [
      ("infiltration_length", "Infiltration length"), ("travelled_distance", "Speed × time"),
    ] {
      if let entry = parameters[name] {
        report.highlights.append(
          .init(title, "\((entry.value * 100).rounded() / 100)", note: entry.unit))
      }
    }
    let drawing = GliomaDrawing(patient: patient, density: density)
    report.sections.append(
      .init(
        "Density and plans",
        [
          .paragraph(
            "Density in colour over the tissue map. Blue: standard margin; white: model plan of equal volume; "
              + "yellow: visible core\(recurrence == nil ? "." : "; magenta: recurrence.")"),
          .figures(try drawing.figures(standard: standard, model: model, recurrence: recurrence)),
        ]))
    if let url = context.optionalInput("growth") {
      let growth = try NIfTIFile(path: url.path).readVolume().volume
      report.sections.append(.init("Growth", [.figures([try drawing.strip(growth)])]))
    }
    let rows = parameters.keys.sorted().compactMap { name -> [Table.Cell]? in
      guard let entry = parameters[name] else { return nil }
      let interval = entry.interval.map { "\(short($0[0])) to \(short($0[1]))" } ?? ""
      return [
        .init(name), .init(short(entry.value)), .init(interval), .init(entry.unit),
        .init(entry.hitBound ? "at its bound" : ""),
      ]
    }
    report.sections.append(
      .init("Parameters", [.table(Table(columns: ["parameter", "value", "5–95 %", "unit", ""], rows: rows))]))
    report.sections.append(.init("Loss", [.chart(try lossChart(context.input("loss")))]))
    let picture = IllustrativeDose(dose: dose, prescription: Double(dose.voxels.max() ?? 60))
    let doses = stride(from: 0.0, through: picture.prescription, by: 1).map { $0 }
    let structures =
      [("standard CTV", standard), ("model CTV", model)] + (recurrence.map { [("recurrence", $0)] } ?? [])
    let curves = structures.map { name, structure in
      let shares = picture.histogram(of: structure.map { $0 > 0.5 ? 1 : 0 }, at: doses)
      return LineChart.Curve(name, zip(doses, shares).map { [$0, 100 * $1] })
    }
    report.sections.append(
      .init(
        "Illustrative dose",
        [.chart(LineChart(title: "Share of volume (%)", horizontal: "dose (Gy)", curves: curves))]))
    if let url = context.optionalInput("coverage") {
      let plans = try decoder.decode([String: [String: Double]].self, from: Data(contentsOf: url))
      let rows = plans.keys.sorted().compactMap { name -> [Table.Cell]? in
        guard let values = plans[name], let coverage = values["coverage"] else { return nil }
        return [.init(name), .init(coverage), .init(values["iou"])]
      }
      report.sections.append(
        .init("Recurrence", [.table(Table(columns: ["plan", "coverage", "IoU"], rows: rows))]))
    }
    try report.html().write(to: context.output("report.html"), atomically: false, encoding: .utf8)
  }

  private func short(_ value: Double) -> String {
    abs(value) >= 0.01 && abs(value) < 10000
      ? "\((value * 1000).rounded() / 1000)" : value.formatted(.number.notation(.scientific))
  }

  private func lossChart(_ url: URL) throws -> LineChart {
    let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ",").map(String.init)
    }
    guard let header = lines.first else {
      return LineChart(title: "Loss", horizontal: "iteration", curves: [])
    }
    let curves = ["total", "residual", "data_low", "data_high"].compactMap { name -> LineChart.Curve? in
      guard let column = header.firstIndex(of: name) else { return nil }
      let points = lines.dropFirst().enumerated().compactMap { index, row -> SIMD2<Double>? in
        row.indices.contains(column) ? Double(row[column]).map { [Double(index), $0] } : nil
      }
      return LineChart.Curve(name, points)
    }
    return LineChart(title: "Loss", horizontal: "row of loss.csv", curves: curves, scale: .logarithmic)
  }
}

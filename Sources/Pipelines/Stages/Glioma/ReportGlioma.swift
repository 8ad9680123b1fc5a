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
            "Density in colour over the tissue map, with its isolines at 1 % (teal), 10 % (cyan) and 50 % (green). "
              + "Blue: standard margin; white: model plan of equal volume; yellow: visible core\(recurrence == nil ? "." : "; magenta: recurrence.")"
          ),
          .figures(try drawing.figures(standard: standard, model: model, recurrence: recurrence)),
        ]))
    if let url = context.optionalInput("growth") {
      let growth = try NIfTIFile(path: url.path).readVolume().volume
      report.sections.append(.init("Growth", [.figures([try drawing.strip(growth)])]))
    }
    let rows = parameterRows(parameters, hasPET: patient.pet != nil)
    report.sections.append(
      .init("Parameters", [.table(Table(columns: ["parameter", "value", "5–95 %", "unit", ""], rows: rows))]))
    report.sections.append(.init("Loss", [try lossCourse(context.input("loss"))]))
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
      ? "\((value * 1000).rounded() / 1000)" : String(format: "%.2e", value)
  }

  /// The parameters in the order in which a reader asks for them.
  private static let titles = [
    ("infiltration_length", "Infiltration length √(D/ρ)"), ("travelled_distance", "Speed × time 2√(Dρ)·T"),
    ("diffusivity_times_duration", "Diffusivity × time D·T"),
    ("proliferation_times_duration", "Proliferation × time ρ·T"),
    ("diffusivity_ratio", "White over grey diffusivity R"),
    ("threshold_core", "Density at the core's border"),
    ("threshold_edema", "Density at the oedema's border"), ("pet_slope", "PET slope"),
    ("pet_background", "PET background"), ("loss", "Discrete loss"),
  ]

  private func parameterRows(_ parameters: [String: ParameterReport], hasPET: Bool) -> [[Table.Cell]] {
    let known = ReportGlioma.titles.filter { hasPET || !$0.0.hasPrefix("pet_") }
    let foci = parameters.keys.filter { $0.hasPrefix("focus_") }.sorted().map { key in
      (key, "Origin " + key.dropFirst("focus_".count).replacingOccurrences(of: "_", with: ", "))
    }
    return (known + foci).compactMap { name, title in
      guard let entry = parameters[name] else { return nil }
      let interval = entry.interval.map { "\(short($0[0])) to \(short($0[1]))" } ?? ""
      return [
        .init(title), .init(short(entry.value)), .init(interval),
        .init(name.hasPrefix("focus_") ? "mm in the box" : entry.unit),
        .init(entry.hitBound ? "at its bound" : ""),
      ]
    }
  }

  /// A curve of the terms, or a table where there are too few rows to draw one.
  private func lossCourse(_ url: URL) throws -> Report.Block {
    let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ",").map(String.init)
    }
    guard let header = lines.first, lines.count > 3 else {
      return .table(
        Table(
          columns: lines.first ?? [],
          rows: lines.dropFirst().map { row in
            row.map { text in
              guard text.contains("."), let value = Double(text) else { return Table.Cell(text) }
              return Table.Cell(value == 0 ? "0" : short(value))
            }
          }))
    }
    let curves = ["total", "residual", "data_low", "data_high"].compactMap { name -> LineChart.Curve? in
      guard let column = header.firstIndex(of: name) else { return nil }
      let points = lines.dropFirst().enumerated().compactMap { index, row -> SIMD2<Double>? in
        row.indices.contains(column) ? Double(row[column]).map { [Double(index), $0] } : nil
      }
      return LineChart.Curve(name, points)
    }
    return .chart(
      LineChart(title: "Loss", horizontal: "row of loss.csv", curves: curves, scale: .logarithmic))
  }
}

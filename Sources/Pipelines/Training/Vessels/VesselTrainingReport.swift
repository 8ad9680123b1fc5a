import Files
import Foundation
import Reports
import Vessels

/// The report of a training: curves, scores, memory, parameters.
struct VesselTrainingReport {
  let training: VesselTraining
  let model: VesselModel
  let memory: VesselTrainingMemory
  let parameters: [ParameterDescription]
  let validated: [String]

  func html() throws -> String {
    let history = training.history
    var report = Report(title: "Training", subtitle: "A network for vessels of MR angiographies")
    report.warnings = training.remarks
    let best = history.first { $0.epoch == training.bestEpoch }
    if let score = best?.validation {
      report.highlights = [
        Report.Highlight("Dice", NumberText.short(score.dice), note: "validation, epoch \(best?.epoch ?? 0)"),
        Report.Highlight(
          "clDice", NumberText.short(score.clDice), note: "validation, epoch \(best?.epoch ?? 0)"),
      ]
    }
    report.sections = [
      Report.Section("Curves", curves(history).map { .chart($0) }),
      Report.Section("Run", [.facts(facts(history))]),
      Report.Section(
        "Parameters", [.facts(parameters.map { Report.Fact("train.\($0.key)", $0.value.plainText) })]),
    ]
    return try report.html()
  }

  private func curves(_ history: [TrainingEpoch]) -> [LineChart] {
    func curve(_ name: String, _ value: (TrainingEpoch) -> Double?) -> LineChart.Curve {
      LineChart.Curve(name, history.compactMap { epoch in value(epoch).map { [Double(epoch.epoch), $0] } })
    }
    let names = Set(history.flatMap(\.terms.keys)).sorted()
    var charts = [
      LineChart(
        title: "Terms of the loss", horizontal: "epoch",
        curves: names.map { name in curve(name) { $0.terms[name] } },
        scale: .logarithmic),
      LineChart(
        title: "Learning rate", horizontal: "epoch", curves: [curve("learning rate", \.learningRate)],
        scale: .logarithmic),
    ]
    let scores = [curve("Dice") { $0.validation?.dice }, curve("clDice") { $0.validation?.clDice }]
    if scores.contains(where: { !$0.points.isEmpty }) {
      charts.insert(LineChart(title: "Validation", horizontal: "epoch", curves: scores), at: 0)
    }
    return charts
  }

  private func facts(_ history: [TrainingEpoch]) -> [Report.Fact] {
    let seconds = history.reduce(0) { $0 + $1.seconds }
    let waited = history.reduce(0) { $0 + $1.waitedSeconds }
    return [
      Report.Fact("epochs", "\(history.count), of which epoch \(training.bestEpoch ?? 0) is the model"),
      Report.Fact("validation cases", validated.isEmpty ? "none" : validated.joined(separator: ", ")),
      Report.Fact(
        "threshold", model.outputs.map { "\($0.convention.rawValue) \($0.threshold)" }.joined(separator: ", ")
      ),
      Report.Fact("time", "\(NumberText.short(seconds)) s"),
      Report.Fact(
        "waiting for patches",
        seconds > 0 ? "\(NumberText.short(100 * waited / seconds)) % of the time" : "n/a"),
      Report.Fact("memory", memory.text),
      Report.Fact("peak memory of the process", "\(ProcessMemory.peakMiB) MiB"),
    ]
  }
}

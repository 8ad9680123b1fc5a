import Foundation
import NeuralNetworks

/// The means of an epoch that is under way; part of a checkpoint, as an epoch may be interrupted.
struct RunningMeans: Codable, Sendable, Equatable {
  private var sums: [String: Double] = [:]
  private var gradientNorm = 0.0
  private var learningRate = 0.0
  private var steps = 0
  /// Seconds so far, and of them those spent waiting for patches.
  var seconds = 0.0, waitedSeconds = 0.0
  /// The part of the loader's waiting that is in `waitedSeconds` of this epoch or earlier ones.
  var countedWait = 0.0

  mutating func add(_ report: Trainer.Report) {
    for term in report.terms { sums[term.name, default: 0] += term.value }
    gradientNorm += report.gradientNorm
    learningRate = report.learningRate
    steps += 1
  }

  func epoch(_ number: Int, step: Int, validation: ValidationScore?) -> TrainingEpoch {
    let count = Double(max(1, steps))
    return TrainingEpoch(
      epoch: number, step: step, learningRate: learningRate, terms: sums.mapValues { $0 / count },
      gradientNorm: gradientNorm / count, validation: validation, seconds: seconds,
      waitedSeconds: waitedSeconds)
  }

  mutating func reset() {
    let counted = countedWait
    self = RunningMeans()
    countedWait = counted
  }
}

/// The history as comma-separated values.
enum HistoryTable {
  static func text(_ history: [TrainingEpoch]) -> String {
    let names = Set(history.flatMap(\.terms.keys)).sorted()
    let head =
      ["epoch", "step", "learning_rate", "loss"] + names.map { $0.replacingOccurrences(of: " ", with: "_") }
      + ["gradient_norm", "validation_dice", "validation_cldice", "seconds", "waited_seconds"]
    let rows = history.map { epoch -> [String] in
      let loss = epoch.terms.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value }
      var row = ["\(epoch.epoch)", "\(epoch.step)", "\(epoch.learningRate)", "\(loss)"]
      row += names.map { number(epoch.terms[$0]) }
      row += [number(epoch.gradientNorm), number(epoch.validation?.dice), number(epoch.validation?.clDice)]
      row += [String(format: "%.1f", epoch.seconds), String(format: "%.2f", epoch.waitedSeconds)]
      return row
    }
    return ([head] + rows).map { $0.joined(separator: ",") + "\n" }.joined()
  }

  private static func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
}

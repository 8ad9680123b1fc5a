import BloodCells
import Foundation
import Metrics

/// What is done about rare types, compared: the same network and schedule, several seeds, the same test cells.
struct RecipeComparison {
  /// What all trainings have in common.
  struct Settings: Codable, Equatable {
    var width: Int
    var epochs: Int
    var split: String
    var splitSeed: UInt64
  }

  /// One training.
  struct Outcome: Codable {
    var settings: Settings
    var recipe: ImbalanceMethod
    var seed: UInt64
    var seconds: Double
    /// The type given to each test cell.
    var predicted: [Int]
  }

  /// One recipe. Scores are means over its trainings; intervals of 95 % resample images.
  struct Row: Encodable {
    var recipe: String
    var trainings: Int
    var accuracy, macroF1, balancedAccuracy: BootstrapInterval?
    /// Macro F1 less that of `none`, image by image.
    var macroF1Gain: BootstrapInterval?
    /// Macro F1 of its trainings.
    var macroF1OfSeeds: Spread?
    var secondsPerTraining: Double
  }

  /// A mean, the least and the greatest.
  struct Spread: Encodable {
    var estimate, lower, upper: Double

    /// Nil without values.
    init?(_ values: [Double]) {
      guard let least = values.min(), let greatest = values.max() else { return nil }
      (estimate, lower, upper) = (values.reduce(0, +) / Double(values.count), least, greatest)
    }
  }

  let file: CellSampleFile
  let settings: Settings
  let methods: [ImbalanceMethod]
  let seeds: [UInt64]
  /// Where each training's outcome is kept, so that the comparison can be stopped and started again.
  let folder: URL

  private var partition: CellPartition {
    settings.split == "cells"
      ? CellPartition(
        cellsOf: file.samples, types: file.types.count, testingShare: 0.2, validationShare: 0.1,
        seed: settings.splitSeed)
      : CellPartition(
        slidesOf: file.samples, types: file.types.count, testingShare: 0.2, validationShare: 0.1,
        seed: settings.splitSeed)
  }

  /// The table; `tell` hears of every training as it ends.
  func rows(tell: (String) -> Void) throws -> [Row] {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let partition = partition
    var outcomes: [ImbalanceMethod: [Outcome]] = [:]
    // Seed by seed, so that a comparison that was stopped has something of every recipe.
    for seed in seeds {
      for method in methods {
        let outcome = try outcome(of: method, seed: seed, partition)
        outcomes[method, default: []].append(outcome)
        tell("\(method.rawValue), seed \(seed): \(Int(outcome.seconds)) s")
      }
    }
    let plain = outcomes[.none].map { matrices(of: $0, partition.testing) }
    return methods.map { method in
      let own = outcomes[method] ?? []
      return row(method, own, matrices(of: own, partition.testing), plain: plain)
    }
  }

  // MARK: - One training

  private func outcome(
    of method: ImbalanceMethod, seed: UInt64, _ partition: CellPartition
  ) throws -> Outcome {
    let place = folder.appendingPathComponent("\(method.rawValue)-\(seed).json")
    if let data = try? Data(contentsOf: place),
      let kept = try? JSONDecoder().decode(Outcome.self, from: data),
      kept.settings == settings, kept.predicted.count == partition.testing.count
    {
      return kept
    }
    let start = ContinuousClock.now
    var training = CellTraining(network: .small(width: settings.width))
    (training.imbalance, training.epochs, training.seed) = (method, settings.epochs, seed)
    let weights = try training.run(on: partition.training, types: file.types) { _, _ in }
    let design = CellClassifier.Design(
      network: training.network, types: file.types, temperature: 1, referenceDiameter: 40,
      diameters: file.diameters, views: 1, notes: [:])
    var classifier = CellClassifier(design: design, weights: weights)
    if method == .decoupled {
      classifier = try classifier.retrainingLastLayer(
        on: partition.training, steps: 600, learningRate: 1e-3, precision: .automatic, seed: seed)
    }
    let logits = try classifier.logits(of: partition.testing.map(\.input), precision: .automatic)
    let outcome = Outcome(
      settings: settings, recipe: method, seed: seed, seconds: (ContinuousClock.now - start) / .seconds(1),
      predicted: logits.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 })
    try JSONEncoder().encode(outcome).write(to: place, options: .atomic)
    return outcome
  }

  // MARK: - Scores

  /// For each image of the test cells the confusion matrices of all trainings.
  private func matrices(of outcomes: [Outcome], _ cells: [CellSample]) -> [[ConfusionMatrix]] {
    let images = Dictionary(grouping: cells.indices) { cells[$0].source }.sorted { $0.key < $1.key }
    return images.map { _, places in
      outcomes.map { outcome in
        ConfusionMatrix(
          reference: places.map { cells[$0].type }, predicted: places.map { outcome.predicted[$0] },
          classes: file.types.count)
      }
    }
  }

  /// The mean over trainings of a score of all images together.
  private func mean(
    _ images: [[ConfusionMatrix]], _ score: (ConfusionMatrix) -> Double?
  ) -> Double? {
    guard let trainings = images.first?.count, trainings > 0 else { return nil }
    let values = (0..<trainings).compactMap { training in
      score(ConfusionMatrix(sum: images.map { $0[training] }, classes: file.types.count))
    }
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  private func row(
    _ method: ImbalanceMethod, _ outcomes: [Outcome], _ images: [[ConfusionMatrix]],
    plain: [[ConfusionMatrix]]?
  ) -> Row {
    func interval(_ score: @escaping (ConfusionMatrix) -> Double?) -> BootstrapInterval? {
      BootstrapInterval(over: images, level: 0.95, resamples: 1000, seed: 1) { mean($0, score) }
    }
    let gain = plain.flatMap { plain in
      BootstrapInterval(over: Array(zip(images, plain)), level: 0.95, resamples: 1000, seed: 1) { pairs in
        guard let own = mean(pairs.map(\.0), \.macroF1), let other = mean(pairs.map(\.1), \.macroF1) else {
          return nil
        }
        return own - other
      }
    }
    let each = outcomes.indices.compactMap { training in
      ConfusionMatrix(sum: images.map { $0[training] }, classes: file.types.count).macroF1
    }
    return Row(
      recipe: method.rawValue, trainings: outcomes.count, accuracy: interval(\.accuracy),
      macroF1: interval(\.macroF1), balancedAccuracy: interval(\.balancedAccuracy),
      macroF1Gain: method == .none ? nil : gain,
      macroF1OfSeeds: Spread(each),
      secondsPerTraining: outcomes.reduce(0) { $0 + $1.seconds } / Double(max(1, outcomes.count)))
  }
}

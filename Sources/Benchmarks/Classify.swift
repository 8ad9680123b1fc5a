import ArgumentParser
import BloodCells
import Foundation
import ImageFiles
import Imaging
import Metrics
import NeuralNetworks
import Numerics
import Pipelines

/// Times the way from a file to typed cells, scores a classifier end to end, or compares what is done about rare types.
struct Classify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time a classifier on one smear, score it end to end, or compare imbalance recipes.")

  @Argument(help: "A smear to time.") var image: String?
  @Option(help: "The classifier (safetensors).") var model: String?
  @Option(help: "How often the smear is classified.") var `repeat` = 10
  @Option(help: "A folder with images/, cells.csv and images.csv, such as chula-full.") var data: String?
  @Option(help: "Recipes to compare, or 'all'; without it --data scores --model on the slides it never saw.")
  var recipes: String?
  @Option(help: "Seeds, one training each.") var seeds = "1"
  @Option(help: "Channels of the small network's first level.") var width = 12
  @Option(help: "Passes over the training cells.") var epochs = 12
  @Option(help: "slides or cells.") var split = "slides"
  @Option(help: "Seed of the split.") var splitSeed: UInt64 = 1
  @Option(help: "Where the cut-out cells are kept between runs.") var samples: String?

  func run() throws {
    switch (image, data, recipes) {
    case (let image?, nil, nil): try print(json: timing(of: image))
    case (nil, let data?, nil): try print(json: EndToEnd(folder: url(data), model: try classifier()).scores())
    case (nil, let data?, let recipes?): try compare(data, recipes)
    default: throw ValidationError("give an image, or --data FOLDER with --model or --recipes")
    }
  }

  private func url(_ path: String) -> URL { URL(fileURLWithPath: path) }

  private func classifier() throws -> CellClassifier {
    guard let model else { throw ValidationError("name the classifier with --model FILE") }
    return try CellClassifier(contentsOf: url(model))
  }

  private func print(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  // MARK: - Time

  private func timing(of path: String) throws -> [String: Double] {
    let classifier = try classifier()
    var parts: [String: [Double]] = [:]
    var cells = 0
    func timed<Result>(_ part: String, _ body: () throws -> Result) rethrows -> Result {
      let start = ContinuousClock.now
      defer { parts[part, default: []].append((ContinuousClock.now - start) / .seconds(1)) }
      return try body()
    }
    for _ in 0..<max(1, `repeat`) {
      cells = try timed("total") {
        let image = try timed("read") { try RasterFile.read(path: path).rgb }
        let balanced = try BalancedSmear(image)
        let smear = try timed("separate") { try SmearSeparator(preset: .best)(image) }
        let reference = smear.medianCellDiameter.flatMap { classifier.design.reference(forDiameter: $0) }
        let inputs = timed("cut") {
          smear.portraits(of: Array(smear.cells.indices), in: balanced, reference: reference)
        }
        return try timed("network") {
          try classifier.probabilities(of: inputs, precision: .automatic).count
        }
      }
    }
    var result = ["cells": Double(cells), "threads": Double(Parallel.threads)]
    for (part, seconds) in parts {
      let sorted = seconds.sorted()
      result["\(part)_median_seconds"] = sorted[sorted.count / 2]
      result["\(part)_fastest_seconds"] = sorted[0]
    }
    return result
  }

  // MARK: - Recipes

  private struct Row: Encodable {
    let recipe: String
    let seed: UInt64
    let seconds: Double
    let scores: ClassificationScores
  }

  private func compare(_ data: String, _ recipes: String) throws {
    let methods =
      try recipes == "all"
      ? ImbalanceMethod.allCases
      : recipes.split(separator: ",").map { name in
        guard let method = ImbalanceMethod(rawValue: String(name)) else {
          throw ValidationError(
            "no recipe \(name); known: \(ImbalanceMethod.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return method
      }
    let file = try sampleFile(data)
    let types = file.types.count
    let partition =
      split == "cells"
      ? CellPartition(
        cellsOf: file.samples, types: types, testingShare: 0.2, validationShare: 0.1, seed: splitSeed)
      : CellPartition(
        slidesOf: file.samples, types: types, testingShare: 0.2, validationShare: 0.1, seed: splitSeed)
    let rare = file.types.indices.filter { LabelledSmears.rareTypes.contains(file.types[$0]) }
    for seed in seeds.split(separator: ",").compactMap({ UInt64($0) }) {
      for method in methods {
        let start = ContinuousClock.now
        var training = CellTraining(network: .small(width: width))
        (training.imbalance, training.epochs, training.seed) = (method, epochs, seed)
        let weights = try training.run(on: partition.training, types: file.types) { _, _ in }
        let design = CellClassifier.Design(
          network: training.network, types: file.types, temperature: 1, referenceDiameter: 40,
          diameters: file.diameters, views: 1, notes: [:])
        var classifier = CellClassifier(design: design, weights: weights)
        if method == .decoupled {
          classifier = try classifier.retrainingLastLayer(
            on: partition.training, steps: 600, learningRate: 1e-3, precision: .f32, seed: seed)
        }
        let scores = try classifier.calibrated(on: partition.validation).scores(
          on: partition.testing, rare: rare)
        let row = Row(
          recipe: method.rawValue, seed: seed, seconds: (ContinuousClock.now - start) / .seconds(1),
          scores: scores)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // One line a training, as soon as it is known.
        Swift.print(String(decoding: try encoder.encode(row), as: UTF8.self))
        fflush(nil)
      }
    }
  }

  private func sampleFile(_ data: String) throws -> CellSampleFile {
    if let samples, FileManager.default.fileExists(atPath: samples) {
      return try CellSampleFile(contentsOf: url(samples))
    }
    let smears = try LabelledSmears(folder: url(data), types: LabelledSmears.paperTypes)
    let harvest = try smears.samples(reference: 40) { _ in }
    let file = CellSampleFile(
      samples: harvest.samples, types: smears.types, diameters: harvest.diameters, origin: data)
    if let samples { try file.write(to: url(samples)) }
    return file
  }
}

/// How many labelled cells are found at their place with their type, on slides that a classifier never saw.
struct EndToEnd {
  let folder: URL
  let model: CellClassifier

  struct Scores: Encodable {
    let images: Int
    let labels: Int
    let placed: BootstrapInterval?
    let placedAndTyped: BootstrapInterval?
    let typeAccuracy: BootstrapInterval?
    let typeMacroF1: BootstrapInterval?
  }

  /// Shares of the labelled cells; cells without a label are no error. Intervals over images.
  func scores() throws -> Scores {
    let unseen = Set((model.design.notes["testingSlides"] ?? "").split(separator: " ").map(String.init))
    let smears = try LabelledSmears(folder: folder, types: model.design.types).smears.filter {
      unseen.contains($0.slide)
    }
    guard !smears.isEmpty else { throw ValidationError("the classifier names no slides of this folder") }
    let types = model.design.types
    var units: [(labels: Int, placed: Int, matrix: ConfusionMatrix)] = []
    for smear in smears {
      let image = try RasterFile.read(path: smear.file.path).rgb
      let found = try SmearSeparator(preset: .best)(image)
      let places = found.cells(for: smear.labels, reach: 0.4)
      let pairs = zip(smear.labels, places).compactMap { label, place in place.map { (label.type, $0) } }
      let reference = found.medianCellDiameter.flatMap { model.design.reference(forDiameter: $0) }
      let inputs = found.portraits(
        of: pairs.map(\.1), in: try BalancedSmear(image), reference: reference)
      let predicted = try model.probabilities(of: inputs, precision: .automatic).map { row in
        row.indices.max { row[$0] < row[$1] } ?? 0
      }
      units.append(
        (
          smear.labels.count, pairs.count,
          ConfusionMatrix(reference: pairs.map(\.0), predicted: predicted, classes: types.count)
        ))
    }
    func interval(
      _ score: @escaping ([(labels: Int, placed: Int, matrix: ConfusionMatrix)]) -> Double?
    ) -> BootstrapInterval? {
      BootstrapInterval(over: units, level: 0.95, resamples: 1000, seed: 1, score: score)
    }
    func sum(_ units: [(labels: Int, placed: Int, matrix: ConfusionMatrix)]) -> ConfusionMatrix {
      ConfusionMatrix(sum: units.map(\.matrix), classes: types.count)
    }
    func share(_ part: Int, _ whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }
    return Scores(
      images: units.count, labels: units.reduce(0) { $0 + $1.labels },
      placed: interval { share($0.reduce(0) { $0 + $1.placed }, $0.reduce(0) { $0 + $1.labels }) },
      placedAndTyped: interval { units in
        let matrix = sum(units)
        return share(
          types.indices.reduce(0) { $0 + matrix.counts[$1][$1] }, units.reduce(0) { $0 + $1.labels })
      }, typeAccuracy: interval { sum($0).accuracy }, typeMacroF1: interval { sum($0).macroF1 })
  }
}

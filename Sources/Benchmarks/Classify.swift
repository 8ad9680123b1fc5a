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
  @Option(help: "slides (whole slides apart) or cells (at random).") var split = "slides"
  @Option(help: "Seed of the split.") var splitSeed: UInt64 = 1
  @Option(help: "The folder where each training's outcome is kept between runs.")
  var results = "runs/classify"
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
        let balanced = try timed("balance") { try BalancedSmear(image) }
        let smear = try timed("separate") { try SmearSeparator.best(balanced) }
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
    let comparison = RecipeComparison(
      file: try sampleFile(data),
      settings: .init(width: width, epochs: epochs, split: split, splitSeed: splitSeed), methods: methods,
      seeds: seeds.split(separator: ",").compactMap { UInt64($0) }, folder: url(results))
    try print(json: comparison.rows { FileHandle.standardError.write(Data("\($0)\n".utf8)) })
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
      let balanced = try BalancedSmear(image)
      let found = try SmearSeparator.best(balanced)
      let places = found.cells(for: smear.labels, reach: 0.4)
      let pairs = zip(smear.labels, places).compactMap { label, place in place.map { (label.type, $0) } }
      let reference = found.medianCellDiameter.flatMap { model.design.reference(forDiameter: $0) }
      let inputs = found.portraits(of: pairs.map(\.1), in: balanced, reference: reference)
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

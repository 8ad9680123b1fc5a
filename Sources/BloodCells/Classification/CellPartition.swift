import Numerics

/// Cells to learn from, cells to calibrate with, cells to test on.
public struct CellPartition: Sendable {
  /// Cells that weights are fitted to.
  public let training: [CellSample]
  /// Cells that the temperature is fitted to.
  public let validation: [CellSample]
  /// Cells that nothing is fitted to.
  public let testing: [CellSample]

  /// Whole slides on each side, every type on both where its slides allow it (``SlideSplit``).
  ///
  /// - Parameters:
  ///   - testingShare: The share of every type wanted for testing.
  ///   - validationShare: The share of the rest wanted for validation.
  public init(
    slidesOf samples: [CellSample], types: Int, testingShare: Double, validationShare: Double, seed: UInt64
  ) {
    func split(_ samples: [CellSample], _ share: Double) -> (kept: [CellSample], taken: [CellSample]) {
      var counts: [String: [Int]] = [:]
      for sample in samples {
        counts[sample.slide, default: [Int](repeating: 0, count: types)][sample.type] += 1
      }
      let taken = Set(SlideSplit(counts: counts, testingShare: share, seed: seed).testing)
      return (
        samples.filter { !taken.contains($0.slide) }, samples.filter { taken.contains($0.slide) }
      )
    }
    let (rest, testing) = split(samples, testingShare)
    let (training, validation) = split(rest, validationShare)
    self.init(training: training, validation: validation, testing: testing)
  }

  /// Cells at random, type by type, whatever slide they lie on, as many papers do: neighbours end up on both sides.
  public init(
    cellsOf samples: [CellSample], types: Int, testingShare: Double, validationShare: Double, seed: UInt64
  ) {
    var stream = RandomStream(seed: seed, purpose: "cell split")
    var sides: [[Int]] = [[], [], []]
    for type in 0..<types {
      let places = samples.indices.filter { samples[$0].type == type }.shuffled(using: &stream)
      let testing = Int((testingShare * Double(places.count)).rounded())
      let validation = Int((validationShare * Double(places.count - testing)).rounded())
      sides[2] += places[..<testing]
      sides[1] += places[testing..<testing + validation]
      sides[0] += places[(testing + validation)...]
    }
    self.init(
      training: sides[0].sorted().map { samples[$0] }, validation: sides[1].sorted().map { samples[$0] },
      testing: sides[2].sorted().map { samples[$0] })
  }

  /// Sides chosen elsewhere.
  public init(training: [CellSample], validation: [CellSample], testing: [CellSample]) {
    self.training = training
    self.validation = validation
    self.testing = testing
  }

  /// The slides of a side, sorted.
  public static func slides(of samples: [CellSample]) -> [String] { Set(samples.map(\.slide)).sorted() }
}

extension CellClassifier {
  /// The classifier with its temperature fitted to cells it was not trained on.
  public func calibrated(on samples: [CellSample]) throws -> CellClassifier {
    var result = self
    let logits = try logits(of: samples.map(\.input), precision: .f32)
    result.design.temperature = calibratedTemperature(logits: logits, types: samples.map(\.type))
    return result
  }

  /// How well it types labelled cells; intervals over the images they lie in.
  public func scores(on samples: [CellSample], rare: [Int]) throws -> ClassificationScores {
    let rows = try probabilities(of: samples.map(\.input), precision: .f32)
    return ClassificationScores(
      zip(samples, rows).map { .init(type: $0.type, probabilities: $1, unit: $0.source) },
      types: design.types, rare: rare)
  }
}

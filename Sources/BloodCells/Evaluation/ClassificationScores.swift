import Foundation
import Metrics

/// How well types were told, with intervals.
public struct ClassificationScores: Sendable, Codable {
  /// One cell with its type, the probabilities given to it, and the image it lies in.
  public struct Case: Sendable {
    /// The labelled type.
    public let type: Int
    /// The probability of every type.
    public let probabilities: [Double]
    /// The independent unit it belongs to: its image or slide.
    public let unit: String

    /// A typed cell.
    public init(type: Int, probabilities: [Double], unit: String) {
      self.type = type
      self.probabilities = probabilities
      self.unit = unit
    }

    /// The most probable type; the first of equals.
    public var predicted: Int {
      probabilities.indices.max { (probabilities[$0], -$0) < (probabilities[$1], -$1) } ?? 0
    }
  }

  /// Precision, recall and F1 of a type.
  public struct TypeScore: Sendable, Codable {
    /// Its name.
    public let type: String
    /// Cells of it.
    public let support: Int
    /// Share of the cells called so that are; nil where none was.
    public let precision: Double?
    /// Share of its cells called so; nil without cells.
    public let recall: Double?
    /// Their harmonic mean.
    public let f1: Double?
  }

  /// Cells.
  public let cells: Int
  /// Share of cells with the right type.
  public let accuracy: BootstrapInterval?
  /// Mean F1 of the types.
  public let macroF1: BootstrapInterval?
  /// Mean recall of the types.
  public let balancedAccuracy: BootstrapInterval?
  /// Mean F1 weighted by support.
  public let weightedF1: Double?
  /// Share of cells whose type is among the two most probable.
  public let top2Accuracy: Double?
  /// Mean recall of the rare types (fewer than 500 labels in Chula RBC-12).
  public let rareRecall: Double?
  /// Agreement beyond chance.
  public let kappa: Double?
  /// Matthews' correlation coefficient.
  public let matthewsCorrelation: Double?
  /// Expected calibration error, 15 bins.
  public let calibrationError: Double?
  /// Each type.
  public let types: [TypeScore]
  /// `confusion[labelled][predicted]`.
  public let confusion: [[Int]]

  /// The scores of `cases`; intervals of 95 % by resampling units. `rare` are the places of the rare types.
  public init(_ cases: [Case], types: [String], rare: [Int], resamples: Int = 1000) {
    let units = Dictionary(grouping: cases, by: \.unit).sorted { $0.key < $1.key }.map(\.value)
    let matrices = units.map { ConfusionMatrix(cases: $0, classes: types.count) }
    func interval(_ score: @escaping (ConfusionMatrix) -> Double?) -> BootstrapInterval? {
      BootstrapInterval(over: matrices, level: 0.95, resamples: resamples, seed: 1) { sample in
        score(ConfusionMatrix(sum: sample, classes: types.count))
      }
    }
    let all = ConfusionMatrix(cases: cases, classes: types.count)
    let (rows, truth) = (cases.map(\.probabilities), cases.map(\.type))
    cells = cases.count
    accuracy = interval(\.accuracy)
    macroF1 = interval(\.macroF1)
    balancedAccuracy = interval(\.balancedAccuracy)
    weightedF1 = all.weightedF1
    top2Accuracy = topAccuracy(2, probabilities: rows, reference: truth)
    rareRecall = all.meanRecall(of: rare)
    kappa = all.kappa
    matthewsCorrelation = all.matthewsCorrelation
    calibrationError = expectedCalibrationError(probabilities: rows, reference: truth, bins: 15)
    self.types = types.indices.map { type in
      let counts = all.detection(of: type)
      return TypeScore(
        type: types[type], support: all.support(of: type), precision: counts.precision,
        recall: counts.recall, f1: counts.f1)
    }
    confusion = all.counts
  }
}

extension ConfusionMatrix {
  init(cases: [ClassificationScores.Case], classes: Int) {
    self.init(reference: cases.map(\.type), predicted: cases.map(\.predicted), classes: classes)
  }
}

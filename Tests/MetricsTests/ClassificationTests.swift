import Metrics
import Testing

@Suite("Classification scores") struct ClassificationTests {
  /// Counts [[5, 1, 0], [2, 3, 0], [0, 1, 0]]; class 3 never occurs.
  private let matrix = ConfusionMatrix(
    reference: [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2], predicted: [0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1],
    classes: 4)

  @Test("The scores of a small table equal the hand calculation") func table() throws {
    #expect(matrix.counts == [[5, 1, 0, 0], [2, 3, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    #expect(matrix.accuracy == 8.0 / 12)
    #expect(abs(try #require(matrix.balancedAccuracy) - (5.0 / 6 + 3.0 / 5 + 0) / 3) < 1e-15)
    // F1: 10/13, 6/10, 0; class 3 has none.
    #expect(abs(try #require(matrix.macroF1) - (10.0 / 13 + 0.6) / 3) < 1e-15)
    #expect(abs(try #require(matrix.weightedF1) - (6 * 10.0 / 13 + 5 * 0.6) / 12) < 1e-15)
    // Chance: (6·7 + 5·5 + 1·0) / 144.
    let chance = 67.0 / 144
    #expect(abs(try #require(matrix.kappa) - (8.0 / 12 - chance) / (1 - chance)) < 1e-15)
    // MCC: (8·12 − 67) / √((144 − 74)(144 − 62)).
    #expect(abs(try #require(matrix.matthewsCorrelation) - 29 / (70.0 * 82).squareRoot()) < 1e-15)
    #expect(matrix.meanRecall(of: [2, 3]) == 0 && matrix.meanRecall(of: [3]) == nil)
    #expect(matrix.detection(of: 3).f1 == nil && matrix.rowNormalized[3] == nil)
  }

  @Test("A perfect table scores 1 everywhere and an empty one nothing") func extremes() {
    let perfect = ConfusionMatrix(reference: [0, 1, 2], predicted: [0, 1, 2], classes: 3)
    #expect(
      perfect.accuracy == 1 && perfect.kappa == 1 && perfect.matthewsCorrelation == 1 && perfect.macroF1 == 1)
    let empty = ConfusionMatrix(reference: [], predicted: [], classes: 3)
    #expect(empty.accuracy == nil && empty.kappa == nil && empty.macroF1 == nil && empty.weightedF1 == nil)
    let constant = ConfusionMatrix(reference: [1, 1], predicted: [1, 1], classes: 2)
    #expect(constant.kappa == nil && constant.matthewsCorrelation == nil && constant.accuracy == 1)
  }

  @Test("The calibration error is the mean gap of confidence and accuracy") func calibration() throws {
    // Two samples at 0.9, one right: gap 0.4; two at 0.6, both right: gap 0.4.
    let probabilities = [[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]]
    let error = try #require(
      expectedCalibrationError(probabilities: probabilities, reference: [0, 1, 1, 1], bins: 10))
    #expect(abs(error - 0.4) < 1e-12)
    #expect(expectedCalibrationError(probabilities: [[1, 0]], reference: [0], bins: 15) == 0)
    #expect(expectedCalibrationError(probabilities: [], reference: [], bins: 15) == nil)
  }

  @Test("Top-k accuracy counts ties for the lower class") func top() {
    let rows = [[0.5, 0.3, 0.2], [0.4, 0.4, 0.2]]
    #expect(topAccuracy(1, probabilities: rows, reference: [1, 1]) == 0)
    #expect(topAccuracy(2, probabilities: rows, reference: [1, 1]) == 1)
    #expect(topAccuracy(2, probabilities: rows, reference: [2, 0]) == 0.5)
  }
}

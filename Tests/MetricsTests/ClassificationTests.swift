import Metrics
import Testing

private func expectClose(_ value: Double?, _ expected: Double) {
  #expect(value != nil && abs((value ?? 0) - expected) < 1e-14)
}

@Suite("Classification scores") struct ClassificationTests {
  /// Counts [[5, 1, 0], [2, 3, 0], [0, 1, 0]]; class 3 never occurs.
  private let matrix = ConfusionMatrix(
    reference: [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2], predicted: [0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1],
    classes: 4)

  @Test("The scores of a small table equal the hand calculation") func table() throws {
    #expect(matrix.counts == [[5, 1, 0, 0], [2, 3, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    #expect(matrix.accuracy == 8.0 / 12)
    let balanced: Double = (5.0 / 6.0 + 3.0 / 5.0) / 3.0
    expectClose(matrix.balancedAccuracy, balanced)
    // F1: 10/13, 6/10, 0; class 3 has none.
    let (first, second): (Double, Double) = (10.0 / 13.0, 0.6)
    expectClose(matrix.macroF1, (first + second) / 3.0)
    expectClose(matrix.weightedF1, (6.0 * first + 5.0 * second) / 12.0)
    // Chance: (6·7 + 5·5 + 1·0) / 144.
    let (observed, chance): (Double, Double) = (8.0 / 12.0, 67.0 / 144.0)
    expectClose(matrix.kappa, (observed - chance) / (1.0 - chance))
    // MCC: (8·12 − 67) / √((144 − 74)(144 − 62)).
    let scale: Double = (70.0 * 82.0).squareRoot()
    expectClose(matrix.matthewsCorrelation, 29.0 / scale)
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

/// The expected calibration error: samples are put in bins by the probability of the predicted class, and the mean gap
/// between confidence and accuracy is taken over the bins, weighted by their samples (Naeini et al., 2015).
///
/// - Parameters:
///   - probabilities: One row a sample, one column a class.
///   - bins: Bins of equal width; a confidence on an edge belongs to the bin below.
/// - Returns: nil without samples.
public func expectedCalibrationError(
  probabilities: [[Double]], reference: [Int], bins: Int
) -> Double? {
  precondition(probabilities.count == reference.count, "one row of probabilities a sample")
  guard !reference.isEmpty else { return nil }
  var (confidence, correct) = ([Double](repeating: 0, count: bins), [Double](repeating: 0, count: bins))
  for (row, truth) in zip(probabilities, reference) {
    guard
      let (predicted, highest) = row.enumerated().max(by: {
        ($0.element, -$0.offset) < ($1.element, -$1.offset)
      })
    else { continue }
    let bin = min(bins - 1, max(0, Int((highest * Double(bins)).rounded(.up)) - 1))
    confidence[bin] += highest
    correct[bin] += predicted == truth ? 1 : 0
  }
  return zip(confidence, correct).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(reference.count)
}

/// The share of samples whose class is among the `k` most probable; equal probabilities go to the lower class first.
/// Nil without samples.
public func topAccuracy(_ k: Int, probabilities: [[Double]], reference: [Int]) -> Double? {
  let hits = zip(probabilities, reference).filter { row, truth in
    row.enumerated().filter { ($0.element, -$0.offset) > (row[truth], -truth) }.count < k
  }
  return ratio(hits.count, reference.count)
}

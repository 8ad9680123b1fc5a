/// One-to-one pairs of predicted and reference points not farther apart than a radius.
public struct PointMatching: Sendable, Hashable {
  /// One pair.
  public struct Pair: Sendable, Hashable {
    /// The index of the prediction.
    public let predicted: Int
    /// The index of the reference.
    public let reference: Int
    /// How far apart they are.
    public let distance: Double
  }

  /// In the order of the predictions.
  public let pairs: [Pair]
  /// What was matched, invented and missed.
  public let counts: DetectionCounts

  /// The mean distance of the pairs; nil without one.
  public var meanDistance: Double? {
    pairs.isEmpty ? nil : pairs.reduce(0) { $0 + $1.distance } / Double(pairs.count)
  }

  /// The pairing with the most pairs and, among those, the smallest sum of distances (Hungarian method).
  public init(predicted: [SIMD2<Double>], reference: [SIMD2<Double>], radius: Double) {
    // A pair out of reach costs more than all pairs in reach together, so the number of pairs comes first.
    let outOfReach = 1 + radius * Double(max(1, min(predicted.count, reference.count)))
    let costs = predicted.map { point in
      reference.map { other in
        let distance = length(point - other)
        return distance <= radius ? distance : outOfReach
      }
    }
    let choice = minimumCostAssignment(costs)
    let pairs = choice.enumerated().compactMap { index, other in
      other.flatMap { costs[index][$0] < outOfReach ? ($0, costs[index][$0]) : nil }
        .map { Pair(predicted: index, reference: $0.0, distance: $0.1) }
    }
    self.init(pairs: pairs, predicted: predicted.count, reference: reference.count)
  }

  /// The pairing that takes the nearest free pair first, as in many published scores.
  public static func greedy(
    predicted: [SIMD2<Double>], reference: [SIMD2<Double>], radius: Double
  ) -> PointMatching {
    var candidates: [Pair] = []
    for (p, point) in predicted.enumerated() {
      for (r, other) in reference.enumerated() where length(point - other) <= radius {
        candidates.append(Pair(predicted: p, reference: r, distance: length(point - other)))
      }
    }
    candidates.sort { ($0.distance, $0.predicted, $0.reference) < ($1.distance, $1.predicted, $1.reference) }
    var (usedPredictions, usedReferences) = (Set<Int>(), Set<Int>())
    var pairs: [Pair] = []
    for pair in candidates
    where !usedPredictions.contains(pair.predicted) && !usedReferences.contains(pair.reference) {
      usedPredictions.insert(pair.predicted)
      usedReferences.insert(pair.reference)
      pairs.append(pair)
    }
    pairs.sort { $0.predicted < $1.predicted }
    return PointMatching(pairs: pairs, predicted: predicted.count, reference: reference.count)
  }

  private init(pairs: [Pair], predicted: Int, reference: Int) {
    self.pairs = pairs
    counts = DetectionCounts(
      truePositives: pairs.count, falsePositives: predicted - pairs.count,
      falseNegatives: reference - pairs.count)
  }
}

private func length(_ vector: SIMD2<Double>) -> Double { (vector * vector).sum().squareRoot() }

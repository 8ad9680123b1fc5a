/// Which classes were taken for which, and the scores that follow.
///
/// Scores of a class that occurs neither in the reference nor among the predictions are nil and stay out of means.
public struct ConfusionMatrix: Sendable, Hashable, Codable {
  /// The number of classes.
  public let classes: Int
  /// `counts[reference][predicted]`.
  public private(set) var counts: [[Int]]

  /// The table of two lists of equal length with classes 0 ..< `classes`.
  public init(reference: [Int], predicted: [Int], classes: Int) {
    precondition(
      reference.count == predicted.count, "\(reference.count) references, \(predicted.count) predictions")
    self.classes = classes
    counts = Array(repeating: Array(repeating: 0, count: classes), count: classes)
    for (r, p) in zip(reference, predicted) { counts[r][p] += 1 }
  }

  /// The sum of tables with the same classes.
  public init(sum tables: [ConfusionMatrix], classes: Int) {
    self.init(reference: [], predicted: [], classes: classes)
    for table in tables {
      for r in 0..<classes { for p in 0..<classes { counts[r][p] += table.counts[r][p] } }
    }
  }

  /// How often class `c` occurs in the reference.
  public func support(of c: Int) -> Int { counts[c].reduce(0, +) }

  /// How often class `c` was predicted.
  public func predictions(of c: Int) -> Int { counts.reduce(0) { $0 + $1[c] } }

  /// All samples.
  public var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

  /// The counts of class `c` against all others.
  public func detection(of c: Int) -> DetectionCounts {
    DetectionCounts(
      truePositives: counts[c][c], falsePositives: predictions(of: c) - counts[c][c],
      falseNegatives: support(of: c) - counts[c][c])
  }

  /// The rows divided by their sums; a row without samples is nil.
  public var rowNormalized: [[Double]?] {
    counts.map { row in
      let sum = row.reduce(0, +)
      return sum == 0 ? nil : row.map { Double($0) / Double(sum) }
    }
  }

  /// The share of samples on the diagonal.
  public var accuracy: Double? { ratio((0..<classes).reduce(0) { $0 + counts[$1][$1] }, total) }

  /// The mean recall of the classes that occur.
  public var balancedAccuracy: Double? { mean((0..<classes).map { ratio(counts[$0][$0], support(of: $0)) }) }

  /// The mean F1 of the classes that occur or are predicted.
  public var macroF1: Double? { mean((0..<classes).map { detection(of: $0).f1 }) }

  /// The mean F1 weighted by support.
  public var weightedF1: Double? {
    guard total > 0 else { return nil }
    return (0..<classes).reduce(0.0) { $0 + Double(support(of: $1)) * (detection(of: $1).f1 ?? 0) }
      / Double(total)
  }

  /// The mean recall of the classes `rare` that occur.
  public func meanRecall(of rare: [Int]) -> Double? {
    mean(rare.map { ratio(counts[$0][$0], support(of: $0)) })
  }

  /// Agreement beyond chance (Cohen, 1960); nil where chance alone agrees always.
  public var kappa: Double? {
    guard let observed = accuracy else { return nil }
    let n = Double(total)
    let chance = (0..<classes).reduce(0.0) {
      $0 + Double(support(of: $1)) * Double(predictions(of: $1)) / (n * n)
    }
    return chance >= 1 ? nil : (observed - chance) / (1 - chance)
  }

  /// Matthews' correlation coefficient for many classes (Gorodkin, 2004); nil where either side is constant.
  public var matthewsCorrelation: Double? {
    let n = Double(total)
    let correct = Double((0..<classes).reduce(0) { $0 + counts[$1][$1] })
    var (both, truth, guess) = (0.0, 0.0, 0.0)
    for c in 0..<classes {
      let (t, p) = (Double(support(of: c)), Double(predictions(of: c)))
      both += t * p
      truth += t * t
      guess += p * p
    }
    let scale = ((n * n - guess) * (n * n - truth)).squareRoot()
    return scale == 0 ? nil : (correct * n - both) / scale
  }

  private func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap(\.self)
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }
}

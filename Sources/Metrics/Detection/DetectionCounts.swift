/// How many things were found, invented and missed.
public struct DetectionCounts: Sendable, Hashable, Codable {
  /// Predictions matched one to one with a reference.
  public var truePositives: Int
  /// Predictions without a reference.
  public var falsePositives: Int
  /// References without a prediction.
  public var falseNegatives: Int

  /// These counts; none by default of `+` over nothing.
  public init(truePositives: Int, falsePositives: Int, falseNegatives: Int) {
    self.truePositives = truePositives
    self.falsePositives = falsePositives
    self.falseNegatives = falseNegatives
  }

  /// No predictions and no references.
  public static let none = DetectionCounts(truePositives: 0, falsePositives: 0, falseNegatives: 0)

  /// TP / (TP + FP); nil without predictions.
  public var precision: Double? { ratio(truePositives, truePositives + falsePositives) }
  /// TP / (TP + FN); nil without references.
  public var recall: Double? { ratio(truePositives, truePositives + falseNegatives) }
  /// 2 TP / (2 TP + FP + FN); nil where there was nothing to find and nothing was found.
  public var f1: Double? { ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) }
  /// TP / (TP + FP + FN), the average precision of StarDist and Cellpose (no ranking by confidence, so not COCO's).
  public var jaccard: Double? { ratio(truePositives, truePositives + falsePositives + falseNegatives) }

  /// The counts of both together.
  public static func + (left: DetectionCounts, right: DetectionCounts) -> DetectionCounts {
    DetectionCounts(
      truePositives: left.truePositives + right.truePositives,
      falsePositives: left.falsePositives + right.falsePositives,
      falseNegatives: left.falseNegatives + right.falseNegatives)
  }
}

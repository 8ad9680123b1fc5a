import ImageAnalysis
import Imaging

/// The scores of a predicted mask against a reference mask: those asked for, nil where undefined.
///
/// Encodes as one object with a key for each metric asked for, null where the score is undefined.
public struct SegmentationScores: Sendable, Hashable {
  /// The metrics asked for, in the order of `SegmentationMetric.allCases`.
  public let metrics: [SegmentationMetric]
  private var values: [SegmentationMetric: Double] = [:]

  /// The score, or nil where it is undefined or was not asked for.
  public subscript(metric: SegmentationMetric) -> Double? { values[metric] }

  /// The scores of `prediction`; every voxel value but 0 is inside. Lengths follow the reference's spacing.
  ///
  /// Only what `metrics` need is computed, on the box that holds both masks; skeletons, surfaces and components are shared.
  /// - Parameters:
  ///   - metrics: What to compute.
  ///   - nsdTolerance: The distance in mm up to which surfaces agree; a voxel's size is usual.
  public init(
    prediction: Mask, reference: Mask, metrics: [SegmentationMetric] = SegmentationMetric.allCases,
    nsdTolerance: Double
  ) throws(MetricsError) {
    guard prediction.shape == reference.shape else {
      throw .differentShapes(
        prediction: prediction.shape.description, reference: reference.shape.description)
    }
    let wanted = Set(metrics)
    self.metrics = SegmentationMetric.allCases.filter(wanted.contains)
    func asks(_ group: SegmentationMetric...) -> Bool { !wanted.isDisjoint(with: group) }

    var found: [SegmentationMetric: Double?] = [:]
    if asks(.dice, .iou, .precision, .recall, .volumeSimilarity) {
      let overlap = OverlapCounts(prediction: prediction, reference: reference)
      found[.dice] = overlap.dice
      found[.iou] = overlap.iou
      found[.precision] = overlap.precision
      found[.recall] = overlap.recall
      found[.volumeSimilarity] = overlap.volumeSimilarity
    }
    if let pair = MaskPair(prediction: prediction, reference: reference) {
      if asks(.clDice, .centrelinePrecision, .centrelineSensitivity) {
        let centrelines = CentrelineScores(pair)
        found[.clDice] = centrelines.clDice
        found[.centrelinePrecision] = centrelines.precision
        found[.centrelineSensitivity] = centrelines.sensitivity
      }
      if asks(.hd95, .assd, .nsd) {
        let surfaces = SurfaceScores(pair)
        found[.hd95] = surfaces.hausdorff(percentile: 95)
        found[.assd] = surfaces.averageSymmetricDistance
        found[.nsd] = surfaces.normalizedSurfaceDice(tolerance: nsdTolerance)
      }
      if asks(.betti0Error, .betti1Error) {
        let (p, r) = (BettiNumbers(of: pair.prediction), BettiNumbers(of: pair.reference))
        found[.betti0Error] = Double(abs(p.components - r.components))
        found[.betti1Error] = Double(abs(p.tunnels - r.tunnels))
      }
    } else if asks(.betti0Error, .betti1Error) {
      // Two empty masks have the same topology: none.
      found[.betti0Error] = 0
      found[.betti1Error] = 0
    }
    for metric in self.metrics { values[metric] = found[metric] ?? nil }
  }
}

extension SegmentationScores: Codable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ metric: SegmentationMetric) { stringValue = metric.rawValue }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Writes a key for each metric asked for.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for metric in metrics { try container.encode(values[metric], forKey: Key(metric)) }
  }

  /// Reads the metrics that are there; other keys are passed over.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    metrics = SegmentationMetric.allCases.filter { container.contains(Key($0)) }
    for metric in metrics { values[metric] = try container.decode(Double?.self, forKey: Key(metric)) }
  }
}

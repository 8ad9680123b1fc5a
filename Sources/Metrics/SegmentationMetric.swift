/// A score of a predicted mask; the raw value is its key in JSON and TSV.
public enum SegmentationMetric: String, Sendable, Hashable, Codable, CaseIterable {
  /// Overlap of the masks.
  case dice, iou, precision, recall
  /// Overlap of the centrelines: the harmonic mean of the next two.
  case clDice = "cldice"
  /// The share of the prediction's centreline that lies in the reference.
  case centrelinePrecision = "centreline_precision"
  /// The share of the reference's centreline that lies in the prediction.
  case centrelineSensitivity = "centreline_sensitivity"
  /// The 95th percentile of the distances between the surfaces, in mm.
  case hd95 = "hd95_mm"
  /// The mean distance between the surfaces, in mm.
  case assd = "assd_mm"
  /// The share of the surfaces that agree within a tolerance.
  case nsd
  /// Agreement of the volumes alone.
  case volumeSimilarity = "volume_similarity"
  /// The difference in the number of components.
  case betti0Error = "betti0_error"
  /// The difference in the number of loops.
  case betti1Error = "betti1_error"

  /// The metrics named in a list such as `dice,cldice,hd95`, in the order of `allCases`.
  ///
  /// Names are the keys, with or without their unit, in any case; `all` names all.
  public static func list(_ text: String) throws(MetricsError) -> [SegmentationMetric] {
    var chosen: Set<SegmentationMetric> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: true) {
      let name = part.lowercased().filter { !$0.isWhitespace }
      if name.isEmpty { continue }
      if name == "all" {
        chosen.formUnion(allCases)
      } else if let metric = allCases.first(where: { $0.rawValue == name || $0.rawValue == name + "_mm" }) {
        chosen.insert(metric)
      } else {
        throw .unknownMetric(name)
      }
    }
    if chosen.isEmpty { throw .noMetric }
    return allCases.filter(chosen.contains)
  }
}

/// What cannot be scored.
public enum MetricsError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A name in a list of metrics that is none.
  case unknownMetric(String)
  /// A list of metrics without any.
  case noMetric
  /// Two images that should be compared voxel by voxel and differ in shape.
  case differentShapes(prediction: String, reference: String)
  /// A probability map with values that have no order.
  case notANumber(count: Int)

  /// One line: what is wrong, found and expected.
  public var description: String {
    let known = SegmentationMetric.allCases.map(\.rawValue).joined(separator: ", ")
    switch self {
    case .unknownMetric(let name): return "\"\(name)\" is no metric; known are \(known), all"
    case .noMetric: return "no metric named; known are \(known), all"
    case .differentShapes(let prediction, let reference):
      return
        "the prediction has \(prediction) voxels, the reference \(reference); resample one to the other's grid"
    case .notANumber(let count): return "\(count) probabilities are not a number; repair the probability map"
    }
  }
}

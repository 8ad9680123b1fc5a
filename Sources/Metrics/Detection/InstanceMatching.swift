import Imaging

/// How the instances of two label images overlap.
public struct InstanceMatching: Sendable {
  /// One pair of instances that share pixels.
  public struct Overlap: Sendable, Hashable {
    /// The predicted label.
    public let predicted: UInt16
    /// The reference label.
    public let reference: UInt16
    /// Intersection over union.
    public let iou: Double
  }

  /// All pairs that share pixels, the largest IoU first.
  public let overlaps: [Overlap]
  /// The labels other than 0 in the prediction, ascending.
  public let predictedLabels: [UInt16]
  /// The labels other than 0 in the reference, ascending.
  public let referenceLabels: [UInt16]

  /// Counts the pixels shared by the instances of two images of the same size; 0 is background.
  public init(predicted: Plane<UInt16>, reference: Plane<UInt16>) {
    precondition(
      predicted.width == reference.width && predicted.height == reference.height, "sizes differ")
    var (predictedArea, referenceArea) = ([UInt16: Int](), [UInt16: Int]())
    var shared: [UInt32: Int] = [:]
    for (p, r) in zip(predicted.pixels, reference.pixels) where p != 0 || r != 0 {
      if p != 0 { predictedArea[p, default: 0] += 1 }
      if r != 0 { referenceArea[r, default: 0] += 1 }
      if p != 0 && r != 0 { shared[UInt32(p) << 16 | UInt32(r), default: 0] += 1 }
    }
    predictedLabels = predictedArea.keys.sorted()
    referenceLabels = referenceArea.keys.sorted()
    overlaps = shared.map { key, count in
      let (p, r) = (UInt16(key >> 16), UInt16(truncatingIfNeeded: key))
      let union = (predictedArea[p] ?? 0) + (referenceArea[r] ?? 0) - count
      return Overlap(predicted: p, reference: r, iou: Double(count) / Double(union))
    }.sorted { ($1.iou, $0.predicted, $0.reference) < ($0.iou, $1.predicted, $1.reference) }
  }

  /// The pairs with an IoU of at least `threshold`, the largest first, each instance in one pair at most.
  ///
  /// Above an IoU of 0.5 this is the only possible pairing.
  public func pairs(iou threshold: Double) -> [Overlap] {
    var (usedPredicted, usedReference) = (Set<UInt16>(), Set<UInt16>())
    return overlaps.filter { overlap in
      guard overlap.iou >= threshold, !usedPredicted.contains(overlap.predicted),
        !usedReference.contains(overlap.reference)
      else { return false }
      usedPredicted.insert(overlap.predicted)
      usedReference.insert(overlap.reference)
      return true
    }
  }

  /// The counts at an IoU threshold; their `jaccard` is AP in the convention of StarDist and Cellpose.
  public func counts(iou threshold: Double) -> DetectionCounts {
    let matched = pairs(iou: threshold).count
    return DetectionCounts(
      truePositives: matched, falsePositives: predictedLabels.count - matched,
      falseNegatives: referenceLabels.count - matched)
  }

  /// Panoptic quality: the sum of the IoU of the pairs above 0.5, over TP + FP/2 + FN/2 (Kirillov et al., 2019); nil
  /// where both images are empty.
  public var panopticQuality: Double? {
    let sum = pairs(iou: 0.5).reduce(0) { $0 + $1.iou }
    let weight = Double(predictedLabels.count + referenceLabels.count) / 2
    return weight == 0 ? nil : sum / weight
  }
}

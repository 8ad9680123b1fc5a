import Imaging
import Numerics

/// How the voxels of a predicted mask fall on those of the reference mask.
public struct OverlapCounts: Sendable, Hashable, Codable {
  /// Voxels in both masks.
  public var truePositives: Int
  /// Voxels in the prediction alone.
  public var falsePositives: Int
  /// Voxels in the reference alone.
  public var falseNegatives: Int
  /// Voxels in neither.
  public var trueNegatives: Int

  /// Counts given one by one.
  public init(truePositives: Int, falsePositives: Int, falseNegatives: Int, trueNegatives: Int) {
    self.truePositives = truePositives
    self.falsePositives = falsePositives
    self.falseNegatives = falseNegatives
    self.trueNegatives = trueNegatives
  }

  /// The counts of two masks of the same shape; every value but 0 is inside.
  public init(prediction: Mask, reference: Mask) {
    precondition(prediction.shape == reference.shape, "masks of different shapes")
    let sums = prediction.withVoxels { p in
      reference.withVoxels { r in
        nonisolated(unsafe) let (p, r) = (p.baseAddress, r.baseAddress)
        return Parallel.mapSlabs(of: 0..<prediction.voxels.count) { slab -> SIMD3<Int> in
          guard let p, let r else { return .zero }
          return countOverlap(p + slab.lowerBound, r + slab.lowerBound, slab.count)
        }
      }
    }
    let sum = sums.reduce(SIMD3<Int>.zero, &+)
    self.init(
      truePositives: sum.z, falsePositives: sum.x - sum.z, falseNegatives: sum.y - sum.z,
      trueNegatives: prediction.voxels.count - sum.x - sum.y + sum.z)
  }

  /// Voxels in the prediction.
  public var predicted: Int { truePositives + falsePositives }
  /// Voxels in the reference.
  public var actual: Int { truePositives + falseNegatives }

  /// Dice (1945): `2 TP / (2 TP + FP + FN)`; nil where both masks are empty.
  public var dice: Double? { ratio(2 * truePositives, predicted + actual) }
  /// Jaccard's index, intersection over union: `TP / (TP + FP + FN)`; nil where both masks are empty.
  public var iou: Double? { ratio(truePositives, truePositives + falsePositives + falseNegatives) }
  /// `TP / (TP + FP)`; nil where the prediction is empty.
  public var precision: Double? { ratio(truePositives, predicted) }
  /// Sensitivity, `TP / (TP + FN)`; nil where the reference is empty.
  public var recall: Double? { ratio(truePositives, actual) }
  /// `1 − | |P| − |R| | / (|P| + |R|)` (Taha and Hanbury, 2015); nil where both masks are empty.
  public var volumeSimilarity: Double? {
    ratio(abs(predicted - actual), predicted + actual).map { 1 - $0 }
  }
}

/// `numerator / denominator`, or nil where the denominator is 0.
func ratio(_ numerator: Int, _ denominator: Int) -> Double? {
  denominator == 0 ? nil : Double(numerator) / Double(denominator)
}

/// The voxels in p, in r and in both.
private func countOverlap(
  _ p: UnsafePointer<UInt8>, _ r: UnsafePointer<UInt8>, _ count: Int
) -> SIMD3<Int> {
  var (inP, inR, inBoth) = (0, 0, 0)
  var position = 0
  while position + 8 <= count {
    let a = UnsafeRawPointer(p + position).loadUnaligned(as: UInt64.self)
    let b = UnsafeRawPointer(r + position).loadUnaligned(as: UInt64.self)
    if a | b != 0 {
      let (markedA, markedB) = (markedBytes(a), markedBytes(b))
      inP += markedA.nonzeroBitCount
      inR += markedB.nonzeroBitCount
      inBoth += (markedA & markedB).nonzeroBitCount
    }
    position += 8
  }
  while position < count {
    let (a, b) = (p[position] != 0 ? 1 : 0, r[position] != 0 ? 1 : 0)
    inP += a
    inR += b
    inBoth += a & b
    position += 1
  }
  return SIMD3(inP, inR, inBoth)
}

/// The top bit of each byte that is not 0.
@inline(__always)
private func markedBytes(_ word: UInt64) -> UInt64 {
  ((word & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7F7F_7F7F_7F7F_7F7F | word) & 0x8080_8080_8080_8080
}

import Imaging
import Numerics

/// Scores of a probability map over all thresholds.
public struct RankingScores: Sendable, Hashable, Codable {
  /// The area under the receiver operating characteristic: the chance that a voxel inside ranks above one outside, ties
  /// counting half (Mann and Whitney, 1947). Nil where the reference is empty or full.
  public let areaUnderROC: Double?
  /// Average precision `Σ (Rₙ − Rₙ₋₁) Pₙ` over the distinct thresholds from the highest down, as scikit-learn; nil where the
  /// reference is empty.
  public let averagePrecision: Double?

  /// The scores of `probability` (any finite or infinite values; only their order counts) against a mask of the same shape.
  public init(probability: Volume<Float>, reference: Mask) throws(MetricsError) {
    guard probability.shape == reference.shape else {
      throw .differentShapes(
        prediction: probability.shape.description, reference: reference.shape.description)
    }
    let notNumbers = probability.voxels.count { $0.isNaN }
    guard notNumbers == 0 else { throw .notANumber(count: notNumbers) }
    var (inside, outside): ([UInt32], [UInt32]) = ([], [])
    probability.withVoxels { values in
      reference.withVoxels { mask in
        for p in values.indices {
          if mask[p] != 0 {
            inside.append(descendingKey(values[p]))
          } else {
            outside.append(descendingKey(values[p]))
          }
        }
      }
    }
    radixSort(&inside)
    radixSort(&outside)

    // From the highest threshold down, one group of equal values after the other.
    var (a, b) = (0, 0)
    var (area, precisionSum) = (0.0, 0.0)
    while a < inside.count || b < outside.count {
      let key = min(a < inside.count ? inside[a] : .max, b < outside.count ? outside[b] : .max)
      let (beforeA, beforeB) = (a, b)
      while a < inside.count && inside[a] == key { a += 1 }
      while b < outside.count && outside[b] == key { b += 1 }
      let (hits, misses) = (Double(a - beforeA), Double(b - beforeB))
      area += misses * (Double(beforeA) + 0.5 * hits)
      precisionSum += hits * Double(a) / Double(a + b)
    }
    let pairs = Double(inside.count) * Double(outside.count)
    areaUnderROC = pairs > 0 ? area / pairs : nil
    averagePrecision = inside.isEmpty ? nil : precisionSum / Double(inside.count)
  }
}

/// A number that is smaller for a greater value; −0 and 0 give the same.
private func descendingKey(_ value: Float) -> UInt32 {
  let bits = (value + 0).bitPattern
  return bits >> 31 == 0 ? 0x7FFF_FFFF - bits : bits
}

/// Sort by three passes over 11 bits each.
private func radixSort(_ keys: inout [UInt32]) {
  var other = keys
  for shift in [UInt32(0), 11, 22] {
    var starts = [Int](repeating: 0, count: 2049)
    for key in keys { starts[Int(key >> shift & 2047) + 1] += 1 }
    for digit in 1...2048 { starts[digit] += starts[digit - 1] }
    for key in keys {
      let digit = Int(key >> shift & 2047)
      other[starts[digit]] = key
      starts[digit] += 1
    }
    swap(&keys, &other)
  }
}

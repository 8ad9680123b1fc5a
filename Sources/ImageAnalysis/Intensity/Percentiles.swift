import Imaging
import Numerics

extension Volume where Scalar == Float {
  /// The values below which the given shares (percent) of all voxels lie, exactly, by linear interpolation between ranks
  /// as numpy's `percentile`.
  ///
  /// Two counting passes over the bits of the values, no sorting. Empty images give NaN; NaN ranks above all.
  public func percentiles(_ percents: [Double]) -> [Float] {
    withVoxels { voxels in
      nonisolated(unsafe) let voxels = voxels
      return OrderStatistics(count: voxels.count) { orderedKey(voxels[$0]) }.percentiles(percents)
    }
  }

  /// The percentiles of the voxels where `mask` is not 0; NaN where it is empty.
  public func percentiles(_ percents: [Double], within mask: Mask) -> [Float] {
    precondition(mask.shape == shape, "image and mask differ in shape")
    var inside: [Float] = []
    for (value, isInside) in zip(voxels, mask.voxels) where isInside != 0 { inside.append(value) }
    return Volume(grid: VoxelGrid(shape: VoxelShape(inside.count, 1, 1)), voxels: inside).percentiles(
      percents)
  }
}

/// Bits that are in the order of the values.
@inline(__always)
private func orderedKey(_ value: Float) -> UInt32 {
  let bits = value.bitPattern
  return bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits
}

private func value(ofKey key: UInt32) -> Float {
  Float(bitPattern: key >> 31 == 1 ? key & 0x7FFF_FFFF : ~key)
}

/// Values by rank, counted in two levels of 16 bits.
private struct OrderStatistics {
  private let count: Int
  private let key: @Sendable (Int) -> UInt32
  private let upper: [Int]

  init(count: Int, key: @escaping @Sendable (Int) -> UInt32) {
    self.count = count
    self.key = key
    upper = Self.histogram(count) { Int(key($0) >> 16) }
  }

  func percentiles(_ percents: [Double]) -> [Float] {
    guard count > 0 else { return percents.map { _ in .nan } }
    var lower: [Int: [Int]] = [:]
    func ranked(_ rank: Int) -> Float {
      var (bucket, before) = (0, 0)
      while before + upper[bucket] <= rank {
        before += upper[bucket]
        bucket += 1
      }
      let (key, wanted) = (self.key, bucket)
      // Elements of other buckets are counted past the end.
      let counts =
        lower[bucket]
        ?? Self.histogram(count) { Int(key($0) >> 16) == wanted ? Int(key($0) & 0xFFFF) : 0x1_0000 }
      lower[bucket] = counts
      var digit = 0
      while before + counts[digit] <= rank {
        before += counts[digit]
        digit += 1
      }
      return value(ofKey: UInt32(bucket << 16 | digit))
    }
    return percents.map { percent in
      let rank = min(max(percent, 0), 100) / 100 * Double(count - 1)
      let (low, share) = (Int(rank), Float(rank - rank.rounded(.down)))
      let first = ranked(low)
      return share == 0 ? first : first + share * (ranked(low + 1) - first)
    }
  }

  @inline(__always)
  private static func histogram(_ count: Int, _ digit: @Sendable (Int) -> Int) -> [Int] {
    let parts = Parallel.mapSlabs(of: 0..<count) { slab in
      var counts = [Int](repeating: 0, count: 0x1_0001)
      counts.withUnsafeMutableBufferPointer { counts in
        for element in slab { counts[digit(element)] += 1 }
      }
      return counts
    }
    return (0..<0x1_0001).map { digit in parts.reduce(0) { $0 + $1[digit] } }
  }
}

import Numerics

/// A label at full resolution and its means over blocks of 2, 4, ... voxels a side: the targets of deep supervision.
///
/// DS6 up-samples each coarse output by nearest neighbours and compares it with the full label. The sums behind its loss are
/// those of the coarse output against the block means, each counted as many times as the block has voxels; so nothing is
/// up-sampled here (see `OverlapLoss`).
public struct LabelPyramid: Sendable {
  /// The labels from fine to coarse; level l has sides of 1/2ˡ.
  public let levels: [[Float]]
  /// Their shapes, N C then the spatial extents, slowest axis first.
  public let shapes: [[Int]]

  /// The pyramid of `label`, shape N C [D] H W, with `levels` levels; every side must be divisible by 2^(levels − 1).
  public init(label: [Float], shape: [Int], levels count: Int) {
    precondition(label.count == shape.reduce(1, *) && shape.count >= 3 && count >= 1)
    precondition(
      shape.dropFirst(2).allSatisfy { $0 % (1 << (count - 1)) == 0 },
      "\(count) levels need sides divisible by \(1 << (count - 1)), not \(shape)")
    var (levels, shapes) = ([label], [shape])
    for _ in 1..<max(1, count) {
      guard let last = levels.last, let lastShape = shapes.last else { break }
      let (values, smaller) = LabelPyramid.halved(last, shape: lastShape)
      levels.append(values)
      shapes.append(smaller)
    }
    (self.levels, self.shapes) = (levels, shapes)
  }

  /// The number of full-resolution voxels that one entry of level `level` stands for.
  public func voxelsPerEntry(_ level: Int) -> Double {
    Double(levels[0].count) / Double(levels[level].count)
  }

  /// Means over blocks of 2 along every spatial axis.
  private static func halved(_ values: [Float], shape: [Int]) -> ([Float], [Int]) {
    var (values, shape) = (values, shape)
    for axis in 2..<shape.count {
      let inner = shape[(axis + 1)...].reduce(1, *)
      let outer = shape[..<axis].reduce(1, *)
      let length = shape[axis] / 2
      var half = [Float](repeating: 0, count: values.count / 2)
      for o in 0..<outer {
        for l in 0..<length {
          let (low, high) = ((o * 2 * length + 2 * l) * inner, (o * 2 * length + 2 * l + 1) * inner)
          let target = (o * length + l) * inner
          for i in 0..<inner { half[target + i] = 0.5 * (values[low + i] + values[high + i]) }
        }
      }
      values = half
      shape[axis] = length
    }
    return (values, shape)
  }
}

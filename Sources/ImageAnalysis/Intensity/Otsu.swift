import Imaging
import Numerics

/// Otsu's threshold (1979) of a histogram: the split with the greatest variance between its two classes.
///
/// The upper class is what lies above the returned centre. Nil where fewer than two bins are filled. All splits are
/// compared in double; of equal ones the lowest is taken, as scikit-image does.
public func otsuThreshold(counts: [Int], centers: [Double]) -> Double? {
  precondition(counts.count == centers.count, "a centre a bin")
  let total = Double(counts.reduce(0, +))
  let sum = zip(counts, centers).reduce(0) { $0 + Double($1.0) * $1.1 }
  var (below, sumBelow, best, split) = (0.0, 0.0, 0.0, Int?.none)
  for bin in counts.indices.dropLast() {
    below += Double(counts[bin])
    sumBelow += Double(counts[bin]) * centers[bin]
    let above = total - below
    if below == 0 || above == 0 { continue }
    let difference = sumBelow / below - (sum - sumBelow) / above
    let variance = below * above * difference * difference
    if variance > best { (best, split) = (variance, bin) }
  }
  return split.map { centers[$0] }
}

extension Volume where Scalar == UInt8 {
  /// Otsu's threshold over the 256 values: the upper class is `value > threshold`. Nil for a constant image.
  public func otsuThreshold() -> UInt8? {
    var counts = [Int](repeating: 0, count: 256)
    withVoxels { for value in $0 { counts[Int(value)] += 1 } }
    return ImageAnalysis.otsuThreshold(counts: counts, centers: (0..<256).map(Double.init)).map { UInt8($0) }
  }
}

extension Volume where Scalar == Float {
  /// Otsu's threshold over a histogram of equal bins from the least to the greatest value: the upper class is
  /// `value > threshold`.
  ///
  /// Values that are not finite are left out. Nil where fewer than two bins are filled.
  public func otsuThreshold(bins: Int = 256) -> Float? {
    precondition(bins > 1, "two bins at least")
    var (least, greatest) = (Float.infinity, -Float.infinity)
    withVoxels {
      for value in $0 where value.isFinite {
        if value < least { least = value }
        if value > greatest { greatest = value }
      }
    }
    guard least < greatest else { return nil }
    let (start, width) = (Double(least), (Double(greatest) - Double(least)) / Double(bins))
    var counts = [Int](repeating: 0, count: bins)
    withVoxels {
      for value in $0 where value.isFinite {
        counts[min(Int((Double(value) - start) / width), bins - 1)] += 1
      }
    }
    let centers = (0..<bins).map { start + (Double($0) + 0.5) * width }
    return ImageAnalysis.otsuThreshold(counts: counts, centers: centers).map { Float($0) }
  }
}

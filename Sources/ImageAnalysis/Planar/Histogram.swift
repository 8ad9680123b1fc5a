import Imaging

/// Otsu's threshold of a histogram: the grey level t that maximises the variance between the pixels ≤ t and those > t
/// (Otsu, 1979). A histogram with one level only gives that level.
public func otsuThreshold(ofHistogram histogram: [Int]) -> Int {
  let total = Double(histogram.reduce(0, +))
  let sum = histogram.enumerated().reduce(0.0) { $0 + Double($1.offset) * Double($1.element) }
  var (below, sumBelow, best, threshold) = (0.0, 0.0, -1.0, histogram.firstIndex { $0 > 0 } ?? 0)
  for (level, count) in histogram.enumerated() {
    below += Double(count)
    sumBelow += Double(level) * Double(count)
    let above = total - below
    guard below > 0, above > 0 else { continue }
    let difference = sumBelow / below - (sum - sumBelow) / above
    let variance = below * above * difference * difference
    if variance > best { (best, threshold) = (variance, level) }
  }
  return threshold
}

extension Plane where Scalar == UInt8 {
  /// The number of pixels at each of the 256 grey levels.
  public func histogram() -> [Int] {
    var counts = [Int](repeating: 0, count: 256)
    withPixels { for value in $0 { counts[Int(value)] += 1 } }
    return counts
  }
}

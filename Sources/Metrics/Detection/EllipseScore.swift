import ImageAnalysis

/// The mean Jaccard index of whole ellipses, hidden parts included.
///
/// Ellipses are paired one to one so that the sum of Jaccard indices is largest; the sum is divided by pairs +
/// invented + missed, so both kinds of error lower it. Nil where both sides are empty.
public func ellipseJaccard(predicted: [Ellipse], reference: [Ellipse]) -> Double? {
  if predicted.isEmpty && reference.isEmpty { return nil }
  let overlaps = predicted.map { one in
    reference.map { other -> Double in
      let gap = one.center - other.center
      let reach = one.semiAxes.x + other.semiAxes.x
      return (gap * gap).sum() > reach * reach ? 0 : one.jaccard(with: other)
    }
  }
  let choice = minimumCostAssignment(overlaps.map { $0.map { -$0 } })
  let matched = choice.enumerated().compactMap { row, column in column.map { overlaps[row][$0] } }
    .filter { $0 > 0 }
  let count = predicted.count + reference.count - matched.count
  return matched.reduce(0, +) / Double(count)
}

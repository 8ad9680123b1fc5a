import ImageAnalysis
import Imaging

/// The paper's concave points: where the middle of a chord lies outside for every chord length, ever farther from the
/// contour.
public enum MidpointConcavity {
  /// The indices of the concave points of a closed contour, ascending.
  ///
  /// Pixel i is a candidate if for every step k the midpoint of pixels i−k and i+k (each coordinate rounded down) is
  /// outside the clump and not nearer to pixel i than the one before. The middle of each run of candidates is a
  /// concave point. Unlike the authors' program, a run across the contour's first pixel is one run.
  /// - Parameters:
  ///   - contour: Border pixels in order, in the coordinates of `mask`.
  ///   - mask: The clump without holes.
  public static func indices(
    contour: [SIMD2<Int>], mask: PlanarMask, steps: ClosedRange<Int>
  ) -> [Int] {
    let count = contour.count
    guard count > 2 * steps.upperBound else { return [] }
    let concave = (0..<count).map { index in
      var last = 0
      for step in steps {
        let ends = contour[(index - step + count) % count] &+ contour[(index + step) % count]
        let middle = SIMD2(ends.x >> 1, ends.y >> 1)
        if mask.contains(middle.x, middle.y) && mask[middle.x, middle.y] != 0 { return false }
        let gap = contour[index] &- middle
        let squared = (gap &* gap).wrappedSum()
        if squared < last { return false }
        last = squared
      }
      return true
    }
    return runs(of: concave).map { ($0.lowerBound + $0.upperBound) / 2 % count }.sorted()
  }

  /// The runs of true values on a closed line; a run across the end goes on past `flags.count`.
  static func runs(of flags: [Bool]) -> [Range<Int>] {
    let count = flags.count
    guard let gap = flags.firstIndex(of: false) else { return [] }
    var result: [Range<Int>] = []
    var start: Int?
    for index in gap...(gap + count) {
      if flags[index % count] {
        start = start ?? index
      } else if let from = start {
        result.append(from..<index)
        start = nil
      }
    }
    return result
  }
}

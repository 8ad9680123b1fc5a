import Foundation
import ImageAnalysis
import Imaging

/// One closed border of a clump, outer or of a gap inside, evenly resampled, the clump on its right-hand side on the
/// screen.
struct ClumpBoundary: Sendable {
  /// Points `radius / 20` apart, in the clump's own pixels.
  var points: [SIMD2<Double>]
  /// How deep each point lies under the deepest chord over it, in radii; negative where convex.
  var depth: [Double]
  /// Points on the image's border, where the outline is a cut and no cell's.
  var isCut: [Bool]
  /// Indices of points where the outlines of two cells meet, ascending.
  var concave: [Int]

  /// The points per radius.
  static let density = 20.0

  /// The border through `pixels`.
  ///
  /// - Parameters:
  ///   - pixels: Border pixels in order, clockwise around the clump; for a gap inside, counter-clockwise.
  ///   - isCut: Whether a pixel lies on the image's border.
  init?(
    pixels: [SIMD2<Int>], radius: Double, parameters: SeparationParameters, isCut: (SIMD2<Double>) -> Bool
  ) {
    let raw = pixels.map { SIMD2(Double($0.x), Double($0.y)) }
    guard raw.count >= 8 else { return nil }
    let smooth = smoothed(raw, sigma: parameters.smoothing * radius)
    points = resampled(smooth, spacing: radius / ClumpBoundary.density)
    guard points.count >= 12 else { return nil }
    depth = concavity(points, radius: radius, chords: parameters.chords)
    self.isCut = points.map(isCut)
    concave = []
    concave = deepest(above: parameters.cutDepth)
  }

  /// The local maxima of depth above `least`, none within a fifth of a radius of a deeper one.
  func deepest(above least: Double) -> [Int] {
    let count = points.count
    let window = min(count / 4, Int(0.25 * ClumpBoundary.density))
    return points.indices.filter { index in
      guard depth[index] > least, !isCut[index] else { return false }
      for step in 1...max(1, window) {
        let (before, after) = (depth[(index - step + count) % count], depth[(index + step) % count])
        if before >= depth[index] || after > depth[index] { return false }
      }
      return true
    }
  }
}

/// A closed line blurred by a Gaussian of `sigma` pixels along its length.
private func smoothed(_ line: [SIMD2<Double>], sigma: Double) -> [SIMD2<Double>] {
  let reach = min(line.count / 2 - 1, Int((3 * sigma).rounded(.up)))
  guard reach >= 1 else { return line }
  var kernel = (0...reach).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) }
  let sum = 2 * kernel.reduce(0, +) - kernel[0]
  kernel = kernel.map { $0 / sum }
  let count = line.count
  return line.indices.map { index in
    var point = line[index] * kernel[0]
    for step in 1...reach {
      point += (line[(index + step) % count] + line[(index - step + count) % count]) * kernel[step]
    }
    return point
  }
}

/// A closed line as points about `spacing` apart.
private func resampled(_ line: [SIMD2<Double>], spacing: Double) -> [SIMD2<Double>] {
  let length = Polygon(line).perimeter
  let count = Int((length / spacing).rounded())
  guard count >= 3, length.isFinite else { return [] }
  let step = length / Double(count)
  var result: [SIMD2<Double>] = []
  result.reserveCapacity(count)
  var (travelled, next) = (0.0, 0.0)
  for index in line.indices {
    let (from, to) = (line[index], line[(index + 1) % line.count])
    let edge = to - from
    let edgeLength = (edge * edge).sum().squareRoot()
    while next <= travelled + edgeLength && result.count < count {
      result.append(edgeLength == 0 ? from : from + edge * ((next - travelled) / edgeLength))
      next += step
    }
    travelled += edgeLength
  }
  return result
}

/// For each point the largest height over it of a chord that lies outside, in radii.
private func concavity(_ points: [SIMD2<Double>], radius: Double, chords: ClosedRange<Double>) -> [Double] {
  let count = points.count
  let longest = min(count / 4, Int((chords.upperBound * ClumpBoundary.density).rounded()))
  let shortest = min(longest, max(1, Int((chords.lowerBound * ClumpBoundary.density).rounded())))
  return points.indices.map { index in
    var deepest = -Double.infinity
    for step in shortest...longest {
      let (from, to) = (points[(index - step + count) % count], points[(index + step) % count])
      let chord = to - from
      let length = (chord * chord).sum().squareRoot()
      guard length > 0 else { continue }
      let offset = points[index] - from
      deepest = max(deepest, (chord.x * offset.y - chord.y * offset.x) / length)
    }
    return deepest / radius
  }
}

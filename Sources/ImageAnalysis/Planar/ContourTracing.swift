import Imaging

extension PlanarComponents {
  /// The outer border of region `index`: every border pixel in order, clockwise on the screen (x right, y down), each
  /// an 8-neighbour of the next; a pixel of a one-pixel-wide part appears on the way out and on the way back.
  ///
  /// Moore-neighbour tracing with Jacob's stopping rule: the walk ends when it is about to leave the first pixel
  /// as it did at the start.
  public func outerContour(ofRegion index: Int) -> [SIMD2<Int>] {
    let label = Int32(index + 1)
    let (width, height) = (labels.width, labels.height)
    return labels.withPixels { pixels in
      traceContour(from: regions[index].first) { x, y in
        x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x] == label
      }
    }
  }
}

/// The eight neighbours, clockwise on the screen from the right.
private let neighbourSteps: [SIMD2<Int>] = [
  [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1],
]

/// The border of the part that holds `first`, whose left neighbour must be outside.
private func traceContour(from first: SIMD2<Int>, isInside: (Int, Int) -> Bool) -> [SIMD2<Int>] {
  var contour: [SIMD2<Int>] = []
  var (point, backtrack, firstDirection) = (first, 4, -1)
  while true {
    var direction = -1
    for turn in 1...8 {
      let candidate = (backtrack + turn) & 7
      let next = point &+ neighbourSteps[candidate]
      if isInside(next.x, next.y) {
        direction = candidate
        break
      }
    }
    if direction < 0 { return [first] }
    if firstDirection < 0 {
      firstDirection = direction
    } else if point == first && direction == firstDirection {
      return contour
    }
    contour.append(point)
    point = point &+ neighbourSteps[direction]
    // The last outside pixel looked at, seen from the new one.
    backtrack = (direction + (direction & 1 == 0 ? 6 : 5)) & 7
  }
}

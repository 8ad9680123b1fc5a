/// Where in a volume a network's output is wanted, in blocks of 8³ voxels: air around a head is not worth its time.
///
/// Convolutions of this package leave the other blocks out on every level and write zeros there, as beyond the image's border; kernels of
/// a library compute everywhere. What an output there means is for the caller to say.
public struct ActiveBlocks: Sendable, Hashable {
  /// Voxels along each side of a block.
  public static let side = 8
  /// Pairs of neighbours along an axis, both at the threshold or above, that make a block active: a line of seven voxels has
  /// as many, single voxels of noise have none.
  public static let pairs = 6
  /// Voxels of the volume along depth, height and width.
  public let extents: SIMD3<Int>
  /// Blocks along each axis.
  public let counts: SIMD3<Int>
  /// Whether each block is active, depth slowest.
  public private(set) var isActive: [Bool]

  /// The blocks of `image`, D H W, with at least ``pairs`` of values of `threshold` or more, and the blocks around them.
  public init(of image: UnsafeBufferPointer<Float>, extents: SIMD3<Int>, threshold: Float) {
    precondition(image.count == extents[0] * extents[1] * extents[2], "one image of these extents")
    self.extents = extents
    let counts = (extents &+ (Self.side - 1)) / Self.side
    self.counts = counts
    var hits = [Int](repeating: 0, count: counts[0] * counts[1] * counts[2])
    let (width, plane) = (extents[2], extents[1] * extents[2])
    var place = 0
    for d in 0..<extents[0] {
      for h in 0..<extents[1] {
        let row = (d / Self.side * counts[1] + h / Self.side) * counts[2]
        for w in 0..<extents[2] {
          if image[place] >= threshold {
            var pairs = 0
            if w + 1 < width, image[place + 1] >= threshold { pairs += 1 }
            if h + 1 < extents[1], image[place + width] >= threshold { pairs += 1 }
            if d + 1 < extents[0], image[place + plane] >= threshold { pairs += 1 }
            hits[row + w / Self.side] += pairs
          }
          place += 1
        }
      }
    }
    isActive = hits.map { $0 >= Self.pairs }
    // One step along each axis in turn reaches the neighbours across edges and corners too.
    for (axis, step) in [counts[1] * counts[2], counts[2], 1].enumerated() {
      let before = isActive
      for index in before.indices where before[index] {
        let position = index / step % counts[axis]
        if position > 0 { isActive[index - step] = true }
        if position + 1 < counts[axis] { isActive[index + step] = true }
      }
    }
  }

  /// Voxels of this volume for one of an image of `extents`, a level of the network; nil where that is no whole number.
  func scale(of level: SIMD3<Int>) -> Int? {
    let scale = extents[2] / max(1, level[2])
    return scale > 0 && level &* scale == extents ? scale : nil
  }

  /// The range along width that holds all active blocks in these parts of a level's depth and height, in its pixels; empty
  /// where there are none.
  func columns(depth: Range<Int>, height: Range<Int>, scale: Int) -> Range<Int> {
    var (first, last) = (counts[2], -1)
    for d in blocks(depth, scale, counts[0]) {
      for h in blocks(height, scale, counts[1]) {
        let row = (d * counts[1] + h) * counts[2]
        var w = 0
        while w < first, !isActive[row + w] { w += 1 }
        first = min(first, w)
        w = counts[2] - 1
        while w > last, !isActive[row + w] { w -= 1 }
        last = max(last, w)
      }
    }
    guard first <= last else { return 0..<0 }
    return first * Self.side / scale..<((last + 1) * Self.side + scale - 1) / scale
  }

  private func blocks(_ pixels: Range<Int>, _ scale: Int, _ count: Int) -> Range<Int> {
    let low = pixels.lowerBound * scale / Self.side
    return low..<max(low, min(count, (pixels.upperBound * scale - 1) / Self.side + 1))
  }

  /// `value` for all voxels of blocks that are not active.
  public func fill(inactive values: UnsafeMutableBufferPointer<Float>, with value: Float) {
    for d in 0..<extents[0] {
      for h in 0..<extents[1] {
        let row = (d / Self.side * counts[1] + h / Self.side) * counts[2]
        for block in 0..<counts[2] where !isActive[row + block] {
          let first = (d * extents[1] + h) * extents[2] + block * Self.side
          let count = min(Self.side, extents[2] - block * Self.side)
          values[first..<first + count].update(repeating: value)
        }
      }
    }
  }
}

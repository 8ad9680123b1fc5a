import Imaging

/// Contrast-limited adaptive histogram equalisation (Zuiderveld, Graphics Gems IV, 1994).
///
/// Each tile's histogram is clipped, what was cut off is spread evenly, and the cumulative histogram maps the grey
/// levels; between tile centres the maps are interpolated bilinearly. The arithmetic is OpenCV's. An image whose
/// size is no multiple of the tiles is continued by reflection.
public struct CLAHE: Sendable, Hashable, Codable {
  /// The highest bin, in multiples of the mean bin height of a tile.
  public var clipLimit: Double
  /// Tiles along x and y.
  public var tiles: SIMD2<Int>

  /// Equalisation with `tiles` tiles, their bins clipped at `clipLimit` mean heights.
  public init(clipLimit: Double, tiles: SIMD2<Int>) {
    self.clipLimit = clipLimit
    self.tiles = tiles
  }

  /// The equalised image.
  public func callAsFunction(_ image: Plane<UInt8>) -> Plane<UInt8> {
    guard image.width > 0, image.height > 0 else { return image }
    // OpenCV continues both axes as soon as one is no multiple of its tiles.
    let fits = image.width % tiles.x == 0 && image.height % tiles.y == 0
    let tileWidth = image.width / tiles.x + (fits ? 0 : 1)
    let tileHeight = image.height / tiles.y + (fits ? 0 : 1)
    let maps = (0..<tiles.x * tiles.y).flatMap { tile in
      map(
        of: image, left: tile % tiles.x * tileWidth, top: tile / tiles.x * tileHeight, tileWidth, tileHeight)
    }
    var result = image
    let columns = (0..<image.width).map { position($0, size: tileWidth, count: tiles.x) }
    result.withMutablePixels { pixels in
      maps.withUnsafeBufferPointer { maps in
        for y in 0..<image.height {
          let row = position(y, size: tileHeight, count: tiles.y)
          let (upper, lower) = (256 * tiles.x * row.first, 256 * tiles.x * row.second)
          for x in 0..<image.width {
            let column = columns[x]
            let value = Int(pixels[x + image.width * y])
            let (left, right) = (256 * column.first + value, 256 * column.second + value)
            let top = maps[upper + left] * (1 - column.weight) + maps[upper + right] * column.weight
            let bottom = maps[lower + left] * (1 - column.weight) + maps[lower + right] * column.weight
            let mixed = top * (1 - row.weight) + bottom * row.weight
            pixels[x + image.width * y] = UInt8(min(255, max(0, mixed.rounded(.toNearestOrEven))))
          }
        }
      }
    }
    return result
  }

  /// The two tiles next to pixel `pixel` along one axis and the weight of the second.
  private func position(_ pixel: Int, size: Int, count: Int) -> (first: Int, second: Int, weight: Float) {
    let place = Float(pixel) / Float(size) - 0.5
    let first = Int(place.rounded(.down))
    return (max(first, 0), min(first + 1, count - 1), place - Float(first))
  }

  /// The grey-level map of one tile.
  private func map(of image: Plane<UInt8>, left: Int, top: Int, _ width: Int, _ height: Int) -> [Float] {
    var histogram = [Int](repeating: 0, count: 256)
    image.withPixels { pixels in
      for y in top..<(top + height) {
        let row = reflected(y, image.height) * image.width
        for x in left..<(left + width) { histogram[Int(pixels[row + reflected(x, image.width)])] += 1 }
      }
    }
    let area = width * height
    let limit = max(1, Int(clipLimit * Double(area) / 256))
    var excess = 0
    for level in 0..<256 where histogram[level] > limit {
      excess += histogram[level] - limit
      histogram[level] = limit
    }
    let share = excess / 256
    for level in 0..<256 { histogram[level] += share }
    let rest = excess - 256 * share
    if rest > 0 {
      let step = max(256 / rest, 1)
      for (n, level) in stride(from: 0, to: 256, by: step).enumerated() where n < rest {
        histogram[level] += 1
      }
    }
    var sum = 0
    return histogram.map { count in
      sum += count
      return min(255, (Float(sum) * 255 / Float(area)).rounded(.toNearestOrEven))
    }
  }
}

/// `index` folded back into `0..<count` at the first and last pixel, which are not repeated.
@inline(__always) func reflected(_ index: Int, _ count: Int) -> Int {
  if index >= 0 && index < count { return index }
  if count == 1 { return 0 }
  let period = 2 * (count - 1)
  let folded = ((index % period) + period) % period
  return folded < count ? folded : period - folded
}

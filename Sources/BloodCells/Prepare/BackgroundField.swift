import Foundation
import ImageAnalysis
import Imaging
import Numerics

/// The colour of the empty slide at every place of an image: a coarse grid of medians, interpolated bilinearly.
struct BackgroundField: Sendable {
  private let tile: Int
  private let columns: Int
  private let rows: Int
  private let colors: [SIMD3<Float>]

  /// Estimated from the pixels on the bright side of Otsu's threshold of the green channel.
  init(of image: RGBImage) {
    let (width, height) = (image.width, image.height)
    tile = max(48, (max(width, height) + 9) / 10)
    columns = (width + tile - 1) / tile
    rows = (height + tile - 1) / tile
    let stride = max(1, tile / 64)
    let (tile, columns, rows) = (tile, columns, rows)
    colors = image.samples.withUnsafeBufferPointer { samples in
      var whole = [Int](repeating: 0, count: 256)
      for y in Swift.stride(from: 0, to: height, by: stride) {
        for x in Swift.stride(from: 0, to: width, by: stride) {
          whole[Int(samples[3 * (y * width + x) + 1])] += 1
        }
      }
      let split = otsuThreshold(ofHistogram: whole)
      // An even image is all background.
      let threshold = whole[(split + 1)...].contains { $0 > 0 } ? split : -1
      nonisolated(unsafe) let samples = samples  // Only read.
      let known = Parallel.mapSlabs(of: 0..<rows, count: rows) { slab in
        slab.flatMap { row in
          (0..<columns).map { column -> SIMD3<Float>? in
            var histograms = [[Int]](repeating: [Int](repeating: 0, count: 256), count: 3)
            var (bright, all) = (0, 0)
            for y in Swift.stride(from: row * tile, to: min(height, (row + 1) * tile), by: stride) {
              for x in Swift.stride(from: column * tile, to: min(width, (column + 1) * tile), by: stride) {
                let p = 3 * (y * width + x)
                all += 1
                guard Int(samples[p + 1]) > threshold else { continue }
                bright += 1
                for c in 0..<3 { histograms[c][Int(samples[p + c])] += 1 }
              }
            }
            let enough = bright * 20 >= all && bright >= 30
            return enough
              ? SIMD3(median(histograms[0]), median(histograms[1]), median(histograms[2])) : nil
          }
        }
      }.flatMap(\.self)
      return filled(known, columns: columns, rows: rows)
    }
  }

  /// The background at pixel (x, y).
  func color(_ x: Int, _ y: Int) -> SIMD3<Float> {
    let place = SIMD2((Float(x) + 0.5) / Float(tile) - 0.5, (Float(y) + 0.5) / Float(tile) - 0.5)
    let low = SIMD2(max(0, Int(place.x.rounded(.down))), max(0, Int(place.y.rounded(.down))))
    let (left, top) = (min(low.x, columns - 1), min(low.y, rows - 1))
    let (right, bottom) = (min(left + 1, columns - 1), min(top + 1, rows - 1))
    let (wx, wy) = (min(1, max(0, place.x - Float(left))), min(1, max(0, place.y - Float(top))))
    let upper = colors[left + columns * top] * (1 - wx) + colors[right + columns * top] * wx
    let lower = colors[left + columns * bottom] * (1 - wx) + colors[right + columns * bottom] * wx
    return upper * (1 - wy) + lower * wy
  }
}

private func median(_ histogram: [Int]) -> Float {
  let half = (histogram.reduce(0, +) + 1) / 2
  var sum = 0
  for (level, count) in histogram.enumerated() {
    sum += count
    if sum >= half { return max(1, Float(level)) }
  }
  return 255
}

/// The grid with unknown tiles replaced by the mean of their known neighbours, nearest first; white where none is known.
private func filled(_ grid: [SIMD3<Float>?], columns: Int, rows: Int) -> [SIMD3<Float>] {
  var grid = grid
  guard grid.contains(where: { $0 != nil }) else { return grid.map { _ in SIMD3(repeating: 255) } }
  while grid.contains(where: { $0 == nil }) {
    let before = grid
    for row in 0..<rows {
      for column in 0..<columns where before[column + columns * row] == nil {
        var (sum, count) = (SIMD3<Float>.zero, Float(0))
        for y in max(0, row - 1)...min(rows - 1, row + 1) {
          for x in max(0, column - 1)...min(columns - 1, column + 1) {
            if let color = before[x + columns * y] {
              sum += color
              count += 1
            }
          }
        }
        if count > 0 { grid[column + columns * row] = sum / count }
      }
    }
  }
  return grid.map { $0 ?? SIMD3(repeating: 255) }
}

import COneDNN

/// Asks for the lines of the cache that a part of a plane lies in, a 36th at a time.
///
/// Images of the first levels are larger than the caches, and products leave memory idle: what comes next is fetched during
/// them.
struct PlaneFetch {
  private var row: UnsafeRawPointer
  private var offset = 0
  private var rowsLeft: Int
  private let rowBytes: Int
  private let rowDistance: Int
  private let step: Int
  private let pixelBytes: Int
  private let steps: Int

  /// - Parameters:
  ///   - line: The pixel of `image` at which the plane begins.
  ///   - width: Pixels of its lines.
  init<E: ImageScalar>(
    _ image: ImageView<E>, line: Int, width: Int, rows: Range<Int>, columns: Range<Int>
  ) {
    let pixel = image.stride * MemoryLayout<E>.stride
    pixelBytes = image.channels * MemoryLayout<E>.stride
    // Pixels smaller than a line are fetched several at once.
    step = max(1, 64 / pixel) * pixel
    row = UnsafeRawPointer(image[line + rows.lowerBound * width + columns.lowerBound])
    rowBytes = columns.count * pixel
    rowDistance = width * pixel
    rowsLeft = rows.count
    steps = (rows.count * ((rowBytes + step - 1) / step) + 35) / 36
  }

  @inline(__always)
  mutating func advance() {
    for _ in 0..<steps {
      guard rowsLeft > 0 else { return }
      var line = 0
      repeat {
        nn_prefetch(row + offset + line)
        line += 64
      } while line < pixelBytes
      offset += step
      if offset >= rowBytes {
        offset = 0
        row += rowDistance
        rowsLeft -= 1
      }
    }
  }
}

extension WinogradConvolution {
  /// Plane `plane` of six of the inputs, nil where there is none.
  func fetch<E: ImageScalar>(inputs x: ImageView<E>, of strip: WinogradStrips.Strip?, plane: Int)
    -> PlaneFetch?
  {
    strip.flatMap { fetch(x, $0, depth: $0.depth * 4 - 1 + plane, reach: 1) }
  }

  /// Plane `plane` of four of the outputs, nil for more.
  func fetch<E: ImageScalar>(outputs y: ImageView<E>, of strip: WinogradStrips.Strip, plane: Int)
    -> PlaneFetch?
  {
    plane < 4 ? fetch(y, strip, depth: strip.depth * 4 + plane, reach: 0) : nil
  }

  private func fetch<E: ImageScalar>(
    _ image: ImageView<E>, _ strip: WinogradStrips.Strip, depth: Int, reach: Int
  ) -> PlaneFetch? {
    let e = size.extents
    guard depth >= 0, depth < e[0] else { return nil }
    func pixels(_ tiles: Range<Int>, _ extent: Int) -> Range<Int> {
      max(0, tiles.lowerBound * 4 - reach)..<min(extent, tiles.upperBound * 4 + reach)
    }
    return PlaneFetch(
      image, line: (strip.sample * e[0] + depth) * e[1] * e[2], width: e[2], rows: pixels(strip.rows, e[1]),
      columns: pixels(strip.columns, e[2]))
  }
}

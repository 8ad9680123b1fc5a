/// Bᵀ d: the inputs of tiles, along depth and then in their plane.
extension WinogradConvolution {
  /// Bᵀ d along depth for the two products of a turn: block of channels, row, column, channel. What lies outside of the
  /// image is 0.
  func combine<E: ImageScalar>(
    _ x: ImageView<E>, _ strip: WinogradStrips.Strip, _ turn: Int, to target: UnsafeMutablePointer<Float>
  ) {
    let e = size.extents
    let (rows, columns) = (strip.rows.count * 4 + 2, strip.columns.count * 4 + 2)
    let (top, left) = (strip.rows.lowerBound * 4 - 1, strip.columns.lowerBound * 4 - 1)
    let inside = max(0, -left)..<min(columns, e[2] - left)
    withUnsafeTemporaryAllocation(of: E.self, capacity: columns * x.stride) { zeros in
      guard let zero = zeros.baseAddress else { return }
      zero.initialize(repeating: E(0), count: zeros.count)
      for row in 0..<rows {
        for block in 0..<size.blocks {
          let first = target + (block * strips.inputRows + row) * strips.inputColumns * 16
          guard (0..<e[1]).contains(top + row) else {
            first.update(repeating: 0, count: columns * 16)
            (first + combinedCount).update(repeating: 0, count: columns * 16)
            continue
          }
          for outside in [0..<inside.lowerBound, inside.upperBound..<columns] {
            (first + outside.lowerBound * 16).update(repeating: 0, count: outside.count * 16)
            (first + combinedCount + outside.lowerBound * 16).update(repeating: 0, count: outside.count * 16)
          }
          func source(_ plane: Int) -> UnsafePointer<E> {
            let depth = strip.depth * 4 - 1 + plane
            guard (0..<e[0]).contains(depth) else { return UnsafePointer(zero) }
            let line = ((strip.sample * e[0] + depth) * e[1] + top + row) * e[2]
            return UnsafePointer(x[line + left + inside.lowerBound] + 16 * block)
          }
          let planes = (source(0), source(1), source(2), source(3), source(4), source(5))
          combine(planes, step: x.stride, count: inside.count, turn, to: first + inside.lowerBound * 16)
        }
      }
    }
  }

  /// The pixels of a line, `step` scalars apart. Each turn has its loop: as closures of one loop they are calls for every
  /// pixel, at three times the time.
  private func combine<E: ImageScalar>(
    _ d: (
      UnsafePointer<E>, UnsafePointer<E>, UnsafePointer<E>, UnsafePointer<E>, UnsafePointer<E>,
      UnsafePointer<E>
    ), step: Int, count: Int, _ turn: Int, to target: UnsafeMutablePointer<Float>
  ) {
    var (i, place) = (0, target)
    let second = combinedCount
    switch turn {
    case 0:
      for _ in 0..<count {
        Float.store16(
          WinogradTransform.outer(E.load16(d.0 + i), E.load16(d.2 + i), E.load16(d.4 + i)), place)
        Float.store16(
          WinogradTransform.outer(E.load16(d.1 + i), E.load16(d.3 + i), E.load16(d.5 + i)), place + second)
        (i, place) = (i + step, place + 16)
      }
    case 1:
      for _ in 0..<count {
        let v = WinogradTransform.near(
          E.load16(d.1 + i), E.load16(d.2 + i), E.load16(d.3 + i), E.load16(d.4 + i))
        Float.store16(v.0, place)
        Float.store16(v.1, place + second)
        (i, place) = (i + step, place + 16)
      }
    default:
      for _ in 0..<count {
        let v = WinogradTransform.far(
          E.load16(d.1 + i), E.load16(d.2 + i), E.load16(d.3 + i), E.load16(d.4 + i))
        Float.store16(v.0, place)
        Float.store16(v.1, place + second)
        (i, place) = (i + step, place + 16)
      }
    }
  }

  /// Bᵀ d B in the plane of each tile: product, block of channels, tile, channel.
  func transform(
    _ source: UnsafePointer<Float>, _ strip: WinogradStrips.Strip, to target: UnsafeMutablePointer<Float>
  ) {
    let line = strips.inputColumns * 16
    let next = inputDistance
    withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: WinogradTransform.planeProducts) {
      lines in
      for block in 0..<size.blocks {
        var place = target + block * strips.places * 16
        for row in 0..<strip.rows.count {
          for column in 0..<strip.columns.count {
            let corner = source + (block * strips.inputRows + 4 * row) * line + 64 * column
            WinogradTransform.inputPlane(to: place, distance: next, through: lines) { y, x in
              Float.load16(corner + y * line + 16 * x)
            }
            place += 16
          }
        }
      }
    }
  }
}

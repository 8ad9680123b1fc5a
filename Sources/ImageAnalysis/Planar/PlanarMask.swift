import Imaging

/// A two-dimensional mask: 1 inside, 0 outside.
public typealias PlanarMask = Plane<UInt8>

extension Plane where Scalar == UInt8 {
  /// The mask grown by one pixel up, down, left and right (a 3×3 cross).
  public func dilatedByCross() -> PlanarMask { crossExtreme(max, outside: 0) }

  /// The mask shrunk by one pixel from above, below, left and right (a 3×3 cross); beyond the border counts as
  /// inside, as in OpenCV.
  public func erodedByCross() -> PlanarMask { crossExtreme(min, outside: 255) }

  @inline(__always) private func crossExtreme(_ extreme: (UInt8, UInt8) -> UInt8, outside: UInt8)
    -> PlanarMask
  {
    var result = self
    withPixels { source in
      result.withMutablePixels { target in
        for y in 0..<height {
          let row = y * width
          for x in 0..<width {
            let p = row + x
            var value = source[p]
            value = extreme(value, x > 0 ? source[p - 1] : outside)
            value = extreme(value, x + 1 < width ? source[p + 1] : outside)
            value = extreme(value, y > 0 ? source[p - width] : outside)
            value = extreme(value, y + 1 < height ? source[p + width] : outside)
            target[p] = value
          }
        }
      }
    }
    return result
  }

  /// The number of pixels that are not 0.
  public var insideCount: Int { withPixels { $0.reduce(0) { $0 + ($1 == 0 ? 0 : 1) } } }

  /// The pixels of the part `columns` × `rows`, which must lie inside.
  public func cropped(columns: Range<Int>, rows: Range<Int>) -> Plane<UInt8> {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(columns.count * rows.count)
    withPixels { source in
      for y in rows {
        pixels.append(contentsOf: source[(y * width + columns.lowerBound)..<(y * width + columns.upperBound)])
      }
    }
    return Plane(width: columns.count, height: rows.count, pixels: pixels)
  }
}

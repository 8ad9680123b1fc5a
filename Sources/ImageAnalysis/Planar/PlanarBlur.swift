import Foundation
import Imaging

extension Plane where Scalar == UInt8 {
  /// The image blurred by the separable kernel (1, 2, 1) / 4, rounded to the nearest; mirrored at the border.
  public func blurredByBinomial3() -> Plane<UInt8> {
    var result = self
    var sums = [UInt16](repeating: 0, count: width * height)
    withPixels { source in
      for y in 0..<height {
        let row = y * width
        for x in 0..<width {
          let (left, right) = (source[row + reflected(x - 1, width)], source[row + reflected(x + 1, width)])
          sums[row + x] = UInt16(left) + 2 * UInt16(source[row + x]) + UInt16(right)
        }
      }
    }
    sums.withUnsafeBufferPointer { sums in
      result.withMutablePixels { target in
        for y in 0..<height {
          let (above, below) = (reflected(y - 1, height) * width, reflected(y + 1, height) * width)
          for x in 0..<width {
            target[y * width + x] = UInt8(
              (sums[above + x] + 2 * sums[y * width + x] + sums[below + x] + 8) / 16)
          }
        }
      }
    }
    return result
  }
}

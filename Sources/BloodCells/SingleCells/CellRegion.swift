import Foundation
import ImageAnalysis
import Imaging

/// The largest part of a cell in its picture, holes filled, with the ellipse of its second moments.
struct CellRegion {
  /// Its middle, in pixels of the picture.
  let center: SIMD2<Float>
  /// Half axes of the ellipse as vectors, shorter first.
  let axes: (short: SIMD2<Float>, long: SIMD2<Float>)
  /// Third moments along the axes over their standard deviations cubed.
  let skewness: SIMD2<Float>
  /// The area over the ellipse's.
  let fill: Float
  /// The radius, in radii of the ellipse, beyond which nothing of the smoothed mask lies.
  private let reach: Float
  /// The mask, smoothed by 3×3 binomial weights, so that the outline lies between pixels.
  private let smooth: [Float]

  private static let side = CellImage.side

  /// The region; nil where it has fewer than 30 pixels.
  init?(of image: CellImage) {
    let side = Self.side
    var mask = PlanarMask(width: side, height: side, filledWith: 0)
    mask.withMutablePixels { target in
      for (index, pixel) in image.pixels.enumerated() where pixel.w > 250 { target[index] = 1 }
    }
    let parts = PlanarComponents(of: mask, connectivity: .four)
    guard let largest = parts.regions.indices.max(by: { parts.regions[$0].area < parts.regions[$1].area }),
      parts.regions[largest].area >= 30
    else { return nil }
    let box = parts.regions[largest]
    let own = parts.mask(ofRegion: largest).filledHoles()
    var points: [SIMD2<Float>] = []
    points.reserveCapacity(box.area + 64)
    var plain = [Float](repeating: 0, count: side * side)
    own.withPixels { pixels in
      var next = 0
      for y in box.rows {
        for x in box.columns {
          defer { next += 1 }
          guard pixels[next] != 0 else { continue }
          plain[y * side + x] = 1
          points.append(SIMD2(Float(x), Float(y)))
        }
      }
    }
    let count = Float(points.count)
    let center = points.reduce(.zero, +) / count
    var (xx, xy, yy) = (Float(0), Float(0), Float(0))
    for point in points {
      let offset = point - center
      xx += offset.x * offset.x
      xy += offset.x * offset.y
      yy += offset.y * offset.y
    }
    (xx, xy, yy) = (xx / count, xy / count, yy / count)
    let (middle, half) = ((xx + yy) / 2, ((xx - yy) * (xx - yy) / 4 + xy * xy).squareRoot())
    let variances = SIMD2(max(0.5, middle - half), max(0.5, middle + half))
    let angle = 0.5 * atan2(2 * xy, xx - yy)
    let (long, short) = (SIMD2(cos(angle), sin(angle)), SIMD2(-sin(angle), cos(angle)))
    var cubes = SIMD2<Float>.zero
    var farthest: Float = 0
    for point in points {
      let along = SIMD2(((point - center) * short).sum(), ((point - center) * long).sum())
      cubes += along * along * along
      farthest = max(farthest, (along * along / (4 * variances)).sum())
    }
    let deviations = variances.squareRoot()
    // Smoothing and interpolation reach less than three pixels further.
    reach = farthest.squareRoot() + 3 / (2 * deviations.x)
    self.center = center
    axes = (2 * deviations.x * short, 2 * deviations.y * long)
    skewness = cubes / (count * variances * deviations)
    fill = count / (.pi * 4 * deviations.x * deviations.y)
    smooth = Self.smoothed(plain)
  }

  private static func smoothed(_ values: [Float]) -> [Float] {
    func pass(_ source: [Float], _ step: Int) -> [Float] {
      [Float](unsafeUninitializedCapacity: source.count) { target, count in
        count = source.count
        source.withUnsafeBufferPointer { source in
          for index in 0..<count {
            let before = index >= step ? source[index - step] : 0
            let after = index + step < count ? source[index + step] : 0
            target[index] = (before + after) / 4 + source[index] / 2
          }
        }
      }
    }
    return pass(pass(values, 1), side)
  }

  private func place(_ direction: SIMD2<Float>, _ radius: Float) -> SIMD2<Float> {
    center + radius * (direction.x * axes.short + direction.y * axes.long)
  }

  /// Corner and weights for bilinear interpolation; nil outside the picture.
  private static func cell(_ place: SIMD2<Float>) -> (corner: Int, weight: SIMD2<Float>)? {
    let limit = Float(side - 1)
    guard place.x >= 0, place.y >= 0, place.x < limit, place.y < limit else { return nil }
    let (column, row) = (Int(place.x), Int(place.y))
    return (row * side + column, place - SIMD2(Float(column), Float(row)))
  }

  private static func membership(
    _ place: SIMD2<Float>, _ smooth: UnsafeBufferPointer<Float>
  ) -> Float {
    guard let (corner, weight) = cell(place) else { return 0 }
    let top = smooth[corner] + weight.x * (smooth[corner + 1] - smooth[corner])
    let below = corner + side
    let bottom = smooth[below] + weight.x * (smooth[below + 1] - smooth[below])
    return top + weight.y * (bottom - top)
  }

  /// The distance of the outline in each direction, in radii of the ellipse, 0.3 to 2.6: of several crossings the outermost.
  func outline(directions: [SIMD2<Float>]) -> [Float] {
    let step: Float = 0.02
    return smooth.withUnsafeBufferPointer { smooth in
      directions.map { direction in
        var radius: Float = 2.6
        while radius > reach + step { radius -= step }
        var outside = Self.membership(place(direction, radius), smooth)
        while radius > 0.3 {
          let value = Self.membership(place(direction, radius - step), smooth)
          if value > 0.5 {
            let share = (value - 0.5) / max(1e-3, value - outside)
            return radius - step + step * min(1, max(0, share))
          }
          (radius, outside) = (radius - step, value)
        }
        return 0.3
      }
    }
  }

  /// Red, green and blue against the empty slide, then 1 in other cells, along a ring; at the picture's border its last pixels.
  func colors(
    of image: CellImage, directions: [SIMD2<Float>], _ radius: Float
  ) -> [SIMD4<Float>] {
    let limit = Float(Self.side) - 1.001
    let level = 1 / BalancedSmear.backgroundLevel
    return image.pixels.withUnsafeBufferPointer { pixels in
      func pixel(_ index: Int) -> SIMD4<Float> {
        let pixel = pixels[index]
        return SIMD4(Float(pixel.x), Float(pixel.y), Float(pixel.z), pixel.w < 10 ? 1 : 0)
      }
      return directions.map { direction in
        let place = pointwiseMin(
          pointwiseMax(place(direction, radius), SIMD2(repeating: 0)), SIMD2(repeating: limit))
        let (column, row) = (Int(place.x), Int(place.y))
        let (corner, weight) = (row * Self.side + column, place - SIMD2(Float(column), Float(row)))
        let below = corner + Self.side
        let top = pixel(corner) * (1 - weight.x) + pixel(corner + 1) * weight.x
        let bottom = pixel(below) * (1 - weight.x) + pixel(below + 1) * weight.x
        return (top * (1 - weight.y) + bottom * weight.y) * SIMD4(level, level, level, 1)
      }
    }
  }
}

import Foundation
import ImageAnalysis
import Imaging

/// Draws cells over their image.
public enum CellOverlay {
  /// The image with the outline of every ellipse in its colour and a dot at its centre.
  ///
  /// - Parameters:
  ///   - color: The colour of a cell's outline, such as by type.
  ///   - thickness: The width of the lines, in pixels.
  public static func draw(
    _ cells: [SmearCell], over image: RGBImage, thickness: Double, color: (SmearCell) -> SIMD3<UInt8>
  ) -> RGBImage {
    var result = image
    for cell in cells { draw(cell.ellipse, color(cell), thickness, over: &result) }
    return result
  }

  /// Marks points with filled squares of `size` pixels.
  public static func mark(
    _ points: [SIMD2<Double>], over image: RGBImage, size: Int, color: SIMD3<UInt8>
  ) -> RGBImage {
    var result = image
    for point in points {
      for y in clamped(point.y - Double(size) / 2, point.y + Double(size) / 2, image.height) {
        for x in clamped(point.x - Double(size) / 2, point.x + Double(size) / 2, image.width) {
          result[x, y] = color
        }
      }
    }
    return result
  }

  private static func draw(
    _ ellipse: Ellipse, _ color: SIMD3<UInt8>, _ thickness: Double, over image: inout RGBImage
  ) {
    guard ellipse.semiAxes.y > 0, ellipse.semiAxes.x.isFinite else { return }
    let half = ellipse.halfExtents + thickness
    let tint = SIMD3(Double(color.x), Double(color.y), Double(color.z))
    for y in clamped(ellipse.center.y - half.y, ellipse.center.y + half.y, image.height) {
      for x in clamped(ellipse.center.x - half.x, ellipse.center.x + half.x, image.width) {
        let place = SIMD2(Double(x), Double(y))
        let offset = place - ellipse.center
        let onLine = thickness / 2 + 0.5 - abs(ellipse.signedDistance(place))
        let onDot = 2 - (offset * offset).sum().squareRoot()
        let share = min(1, max(0, max(onLine, onDot)))
        if share > 0 {
          let old = image[x, y]
          let mixed = SIMD3(Double(old.x), Double(old.y), Double(old.z)) * (1 - share) + tint * share
          image[x, y] = SIMD3(UInt8(mixed.x + 0.5), UInt8(mixed.y + 0.5), UInt8(mixed.z + 0.5))
        }
      }
    }
  }
}

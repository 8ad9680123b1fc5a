import Foundation
import ImageAnalysis
import Imaging

/// The picture of one cell as a classifier takes it.
public struct CellImage: Sendable, Hashable {
  /// Pixels along each side.
  public let side: Int
  /// Red, green, blue and the cell's mask, each side × side, one plane after the other (C H W): colours are the balanced
  /// image's over its background level, so the empty slide is 1; the mask is 1 inside the ellipse.
  public let values: [Float]

  /// The square of `window` image pixels around the centre of `ellipse`, sampled bilinearly at `side` × `side` points.
  ///
  /// All cells of an image are cut with one window, because size tells types apart. Beyond the image's border the slide
  /// counts as empty.
  public init(of ellipse: Ellipse, in smear: BalancedSmear, window: Double, side: Int) {
    precondition(side > 0 && window > 0, "a picture of at least one pixel is needed")
    self.side = side
    let (image, level) = (smear.image, BalancedSmear.backgroundLevel)
    var values = [Float](repeating: 0, count: 4 * side * side)
    func color(_ x: Int, _ y: Int) -> SIMD3<Float> {
      guard x >= 0, y >= 0, x < image.width, y < image.height else { return SIMD3(repeating: 1) }
      let pixel = image[x, y]
      return SIMD3(Float(pixel.x), Float(pixel.y), Float(pixel.z)) / level
    }
    let step = window / Double(side)
    for row in 0..<side {
      for column in 0..<side {
        let place = ellipse.center - window / 2 + step * (SIMD2(Double(column), Double(row)) + 0.5)
        let low = place.rounded(.down)
        let (x, y) = (Int(low.x), Int(low.y))
        let weight = SIMD2(Float(place.x - low.x), Float(place.y - low.y))
        let top = color(x, y) * (1 - weight.x) + color(x + 1, y) * weight.x
        let bottom = color(x, y + 1) * (1 - weight.x) + color(x + 1, y + 1) * weight.x
        let mixed = top * (1 - weight.y) + bottom * weight.y
        let pixel = row * side + column
        for channel in 0..<3 { values[channel * side * side + pixel] = mixed[channel] }
        // The edge is as soft as a sample is wide.
        values[3 * side * side + pixel] = Float(min(1, max(0, 0.5 - ellipse.signedDistance(place) / step)))
      }
    }
    self.values = values
  }
}

import Foundation
import ImageAnalysis
import Imaging

/// The picture of one cell from which a classifier's input is made: colours and membership, 8 bits each.
///
/// All cells of an image are cut at one scale, ``diameters`` median cells to ``inputSide`` pixels, because size tells types
/// apart. The picture is larger than the input by a margin for small shifts.
public struct CellImage: Sendable, Hashable {
  /// Pixels along each side.
  public static let side = 72
  /// Pixels along each side of a classifier's input, cut from the middle.
  public static let inputSide = 64
  /// Median cell diameters that the input's side shows.
  public static let diameters = 1.75
  /// The value of `membership` in the background; the cell itself is 255, other cells are 1.
  public static let neutral: UInt8 = 128

  /// Red, green, blue of the balanced image, then membership; row by row.
  public let pixels: [SIMD4<UInt8>]

  /// A picture made elsewhere, such as read from a file; side × side pixels.
  public init(pixels: [SIMD4<UInt8>]) {
    precondition(pixels.count == Self.side * Self.side, "\(Self.side)×\(Self.side) pixels expected")
    self.pixels = pixels
  }

  /// The square around the middle of `cell`, sampled bilinearly; beyond the image's border the slide counts as empty.
  ///
  /// - Parameters:
  ///   - labels: The visible pixels of all cells, by id.
  ///   - diameter: The diameter of the image's median cell, in its pixels.
  public init(of cell: SmearCell, in smear: BalancedSmear, labels: Plane<UInt16>, diameter: Double) {
    precondition(diameter > 0, "a scale is needed")
    let side = Self.side
    let step = Self.diameters * diameter / Double(Self.inputSide)
    // Larger pixels are means over several samples, so that nothing is skipped.
    let samples = max(1, Int((step - 0.25).rounded(.up)))
    let own = UInt16(cell.id)
    let (width, height) = (smear.image.width, smear.image.height)
    let center = cell.ellipse.center
    pixels = labels.withPixels { labels in
      smear.image.samples.withUnsafeBufferPointer { colors in
        func texel(_ x: Int, _ y: Int) -> SIMD4<Float> {
          guard x >= 0, y >= 0, x < width, y < height else {
            return SIMD4(SIMD3(repeating: BalancedSmear.backgroundLevel), Float(Self.neutral))
          }
          let place = x + width * y
          let label = labels[place]
          let membership: Float = label == own ? 255 : label == 0 ? Float(Self.neutral) : 1
          return SIMD4(
            Float(colors[3 * place]), Float(colors[3 * place + 1]), Float(colors[3 * place + 2]), membership)
        }
        return (0..<side * side).map { index in
          let corner = SIMD2(Double(index % side), Double(index / side)) - Double(side) / 2
          var sum = SIMD4<Float>.zero
          for sub in 0..<samples * samples {
            let offset = (SIMD2(Double(sub % samples), Double(sub / samples)) + 0.5) / Double(samples)
            let place = center + (corner + offset) * step
            let low = place.rounded(.down)
            let (x, y) = (Int(low.x), Int(low.y))
            let weight = SIMD2(Float(place.x - low.x), Float(place.y - low.y))
            let top = texel(x, y) * (1 - weight.x) + texel(x + 1, y) * weight.x
            let bottom = texel(x, y + 1) * (1 - weight.x) + texel(x + 1, y + 1) * weight.x
            sum += top * (1 - weight.y) + bottom * weight.y
          }
          // The standard library converts vectors lane by lane through generic code.
          let mean = sum / Float(samples * samples) + 0.5
          return SIMD4(UInt8(mean.x), UInt8(mean.y), UInt8(mean.z), UInt8(mean.w))
        }
      }
    }
  }
}

import ImageAnalysis
import Imaging
import Numerics

/// A smear with an even, neutral background.
public struct BalancedSmear: Sendable {
  /// The grey level of the background after balancing.
  public static let backgroundLevel: Float = 224

  /// The image divided, channel by channel, by its own background: shading and the colour of the lamp are gone.
  public let image: RGBImage

  /// An image whose background was divided out before, such as one read from a file.
  public init(balanced image: RGBImage) { self.image = image }

  /// Transmitted light multiplies, so the background is divided out, not subtracted.
  ///
  /// - Throws: `BloodCellsError.imageTooSmall` below 32×32 pixels.
  public init(_ original: RGBImage) throws(BloodCellsError) {
    guard original.width >= 32, original.height >= 32 else {
      throw .imageTooSmall(width: original.width, height: original.height)
    }
    let field = BackgroundField(of: original)
    let (width, level) = (original.width, BalancedSmear.backgroundLevel)
    var samples = [UInt8](repeating: 0, count: original.samples.count)
    samples.withUnsafeMutableBufferPointer { target in
      nonisolated(unsafe) let target = target  // Slabs write disjoint rows.
      original.samples.withUnsafeBufferPointer { source in
        nonisolated(unsafe) let source = source
        Parallel.forEachSlab(of: 0..<original.height) { rows in
          for y in rows {
            for from in stride(from: 0, to: width, by: 16) {
              // The field is smooth: one value for 16 pixels.
              let gain = level / field.color(from + 8, y)
              for x in from..<min(from + 16, width) {
                let p = 3 * (y * width + x)
                let color = SIMD3(Float(source[p]), Float(source[p + 1]), Float(source[p + 2])) * gain
                let clipped = pointwiseMin(color + 0.5, SIMD3(repeating: 255))
                target[p] = UInt8(clipped.x)
                target[p + 1] = UInt8(clipped.y)
                target[p + 2] = UInt8(clipped.z)
              }
            }
          }
        }
      }
    }
    image = RGBImage(width: width, height: original.height, samples: samples)
  }
}

import Foundation
import Numerics

/// How one picture is changed before a network sees it. Nothing here changes a cell's size or type.
public struct CellAugmentation: Sendable, Hashable {
  /// Turn, in radians.
  public var angle: Float = 0
  /// Whether the picture is mirrored.
  public var isMirrored = false
  /// Shift in pixels of the picture.
  public var shift: SIMD2<Float> = .zero
  /// Exponent on the transmitted light of each colour: thicker or thinner stain.
  public var stain: SIMD3<Float> = SIMD3(repeating: 1)
  /// Factor on the light of each colour: what balancing the background leaves wrong.
  public var gain: SIMD3<Float> = SIMD3(repeating: 1)
  /// Whether the features pretend that nothing is known of the magnification.
  public var hidesMagnification = false

  /// The picture as it is.
  public init() {}

  /// Any turn, mirrored or not, up to 2 pixels of shift, stain and light varied.
  ///
  /// - Parameters:
  ///   - colors: How much stain and light vary: 1 about as much as slides differ, 0 not at all.
  ///   - hidingMagnification: How often the magnification is hidden, 0 to 1.
  public init(using stream: inout RandomStream, colors: Float, hidingMagnification: Float) {
    angle = stream.uniform(-Float.pi...Float.pi)
    isMirrored = stream.chance(0.5)
    shift = SIMD2(stream.uniform(-2...2), stream.uniform(-2...2))
    let common = 0.2 * colors * stream.normal()
    for c in 0..<3 {
      stain[c] = exp(max(-0.6, min(0.6, common + 0.07 * colors * stream.normal())))
      gain[c] = 1 + max(-0.06, min(0.06, 0.02 * colors * stream.normal()))
    }
    hidesMagnification = stream.chance(hidingMagnification)
  }
}

import ImageAnalysis
import Imaging

/// The paper's foreground: green channel, CLAHE, 3×3 blur, Otsu, dark is cell.
enum PaperForeground {
  /// The green channel equalised and blurred.
  static func contrast(_ image: RGBImage, _ parameters: PaperParameters) -> Plane<UInt8> {
    CLAHE(clipLimit: parameters.clipLimit, tiles: [8, 8])(image.channel(1)).blurredByBinomial3()
  }

  /// Dark pixels, without the outermost rows and columns, so that cut cells close.
  static func mask(_ contrast: Plane<UInt8>) -> PlanarMask {
    let threshold = otsuThreshold(ofHistogram: contrast.histogram())
    var mask = contrast.map { Int($0) <= threshold ? UInt8(1) : 0 }
    for x in 0..<mask.width {
      mask[x, 0] = 0
      mask[x, mask.height - 1] = 0
    }
    for y in 0..<mask.height {
      mask[0, y] = 0
      mask[mask.width - 1, y] = 0
    }
    return mask
  }

  /// The external contours: outer borders of the mask grown by a pixel, without its holes.
  ///
  /// The morphological gradient and `RETR_EXTERNAL` of the authors' program come to this: cells one or two pixels
  /// apart are joined.
  static func clumps(of mask: PlanarMask) -> PlanarComponents {
    PlanarComponents(of: mask.dilatedByCross().filledHoles())
  }
}

import ImageAnalysis
import Imaging

/// Which method finds and separates the cells.
public enum SeparationPreset: String, Sendable, Codable, CaseIterable {
  /// Scale-free, with a joint choice among candidate ellipses.
  case best
  /// Naruenatthanaset et al. (arXiv 2012.01321) with its constants; for 640×480 images at 1000×.
  case paper
}

/// From an image to its separated cells.
public struct SmearSeparator: Sendable {
  /// The method.
  public let preset: SeparationPreset

  /// A separator that uses `preset`.
  public init(preset: SeparationPreset) { self.preset = preset }

  /// The red cells of `image`.
  public func callAsFunction(_ image: RGBImage) throws(BloodCellsError) -> SeparatedSmear {
    let parameters = PaperParameters()
    return try PaperSeparation(parameters: parameters)(
      PaperForeground.mask(PaperForeground.contrast(image, parameters)))
  }
}

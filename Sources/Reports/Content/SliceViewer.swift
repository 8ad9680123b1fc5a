import Foundation

/// A volume to scroll through in the report: one atlas of all axial slices, from which the page cuts the three planes.
///
/// The slices are those of a volume whose axes grow to the right, front and top (RAS); slice k stands in row
/// `k / columns`, column `k % columns` of the atlas, its first row being the most posterior.
public struct SliceViewer: Sendable {
  /// Voxels along x, y, z.
  public let shape: SIMD3<Int>
  /// The voxel size in mm.
  public let spacing: SIMD3<Double>
  /// Slices in one row of the atlas.
  public let columns: Int
  /// The atlas of grey values.
  public let image: EncodedImage
  /// The atlas of classes, 0 nothing, n the n-th of `legend`; nil where there is nothing to lay over.
  public let overlay: EncodedImage?
  /// What the classes are.
  public let legend: [LegendEntry]
  /// The voxel shown first.
  public let start: SIMD3<Int>
  /// Whether a projection of the classes that turns is shown as well; it tells vessels from each other, not solid things.
  public let turns: Bool

  /// A viewer.
  public init(
    shape: SIMD3<Int>, spacing: SIMD3<Double>, columns: Int, image: EncodedImage,
    overlay: EncodedImage?,
    legend: [LegendEntry], start: SIMD3<Int>, turns: Bool = false
  ) {
    self.shape = shape
    self.spacing = spacing
    self.columns = columns
    self.image = image
    self.overlay = overlay
    self.legend = legend
    self.start = start
    self.turns = turns
  }
}

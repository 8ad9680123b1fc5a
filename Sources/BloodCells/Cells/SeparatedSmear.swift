import ImageAnalysis
import Imaging

/// The red cells of one image.
public struct SeparatedSmear: Sendable {
  /// Something in the foreground that is no red cell, and where.
  public struct Rejected: Sendable, Hashable, Codable {
    /// Why it is no red cell.
    public enum Reason: String, Sendable, Hashable, Codable {
      /// Far smaller than the image's cells: a platelet or debris.
      case small
      /// A nucleated or strongly stained cell: a white cell or a parasite outside a cell.
      case stained
      /// Long and thin, or dark and straight: needle, scale bar, arrow.
      case instrument
      /// Cut by the image's border to a small part.
      case cut
      /// Larger than any clump that can be taken apart.
      case tooLarge
    }

    /// Why.
    public var reason: Reason
    /// The middle of its box, in pixels.
    public var center: SIMD2<Double>
    /// Its pixels.
    public var area: Int
  }

  /// The cells, in the order of their ids.
  public var cells: [SmearCell]
  /// The visible pixels of each cell: its id, 0 elsewhere.
  public var labels: Plane<UInt16>
  /// Where outlines of neighbouring cells meet, in pixels.
  public var concavePoints: [SIMD2<Double>]
  /// What was left out.
  public var rejected: [Rejected]

  /// Cells found elsewhere, such as read from files.
  public init(
    cells: [SmearCell], labels: Plane<UInt16>, concavePoints: [SIMD2<Double>], rejected: [Rejected]
  ) {
    self.cells = cells
    self.labels = labels
    self.concavePoints = concavePoints
    self.rejected = rejected
  }
}

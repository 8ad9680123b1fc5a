import ImageAnalysis

/// One red cell found in a smear.
public struct SmearCell: Sendable, Hashable, Codable {
  /// How a cell's ellipse came about.
  public enum Fit: String, Sendable, Hashable, Codable, CaseIterable {
    /// A cell by itself: the ellipse of its whole outline.
    case single
    /// One arc of a clump's outline.
    case arc
    /// Several arcs of a clump's outline, the visible parts of one cell.
    case arcs
    /// No arc of its own: found inside the clump from its interior.
    case interior
    /// What the other ellipses of the clump left over.
    case remainder
    /// No ellipse goes through the outline: fewer than 6 points, or points on a line. The ellipse is the one with the
    /// second moments of the region.
    case failed
  }

  /// 1, 2, ... in reading order of the centres' rows; the value of the cell's pixels in the label image.
  public var id: Int
  /// The ellipse, hidden part included; its centre is the cell's place in pixels, x right, y down.
  public var ellipse: Ellipse
  /// The visible pixels: those that carry `id` in the label image.
  public var area: Int
  /// 1, 2, ...: cells with the same number lie in one connected part of the foreground.
  public var clump: Int
  /// How the ellipse came about.
  public var fit: Fit
  /// Whether the image's border cuts the cell.
  public var touchesBorder: Bool

  /// A cell with these properties.
  public init(id: Int, ellipse: Ellipse, area: Int, clump: Int, fit: Fit, touchesBorder: Bool) {
    self.id = id
    self.ellipse = ellipse
    self.area = area
    self.clump = clump
    self.fit = fit
    self.touchesBorder = touchesBorder
  }
}

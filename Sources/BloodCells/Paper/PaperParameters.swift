/// The constants of Naruenatthanaset et al. (arXiv 2012.01321), in pixels of 640×480 images at 1000×.
public struct PaperParameters: Sendable, Hashable {
  /// CLAHE's clip limit on the green channel, with 8×8 tiles.
  public var clipLimit = 3.0
  /// Contours enclosing less are platelets or debris.
  public var minimumArea = 500.0
  /// Contours enclosing less are one cell, untested.
  public var singleCellArea = 1500.0
  /// The steps along the contour of the concavity test.
  public var steps = 3...10
  /// Arcs must have more pixels than this.
  public var shortestArc = 10
  /// Arcs that enclose less with their chord are not fitted.
  public var minimumChordArea = 30.0
  /// The smallest ellipse of one arc.
  public var minimumEllipseArea = 700.0
  /// The share of an arc's ellipse that must be foreground.
  public var foregroundShare = 0.8
  /// The share of any ellipse that no other cell may have taken before.
  public var newShare = 0.2
  /// The sizes of ellipses from two arcs.
  public var pairAreas = 500.0...1700.0
  /// The share of a pair's ellipse that must be foreground.
  public var pairForegroundShare = 0.9
  /// The largest ratio of a pair's half axes, exclusive.
  public var pairAxisRatio = 2.0

  /// The published values.
  public init() {}
}

/// The constants of the preset `best`, in units of the image's own cells: areas in modal single-cell areas, lengths
/// in modal cell radii.
public struct SeparationParameters: Sendable, Hashable {
  // MARK: What is a cell

  /// Smaller parts of the foreground are platelets or debris.
  public var smallestCell = 0.3
  /// Cells of which the image's border leaves less are not reported: their centre is not in the picture, and neither
  /// size nor type can be told.
  public var smallestCutCell = 0.4
  /// Larger parts are no clump of cells.
  public var largestClump = 150.0

  // MARK: Contours

  /// The standard deviation of the smoothing along the contour.
  public var smoothing = 0.07
  /// Half the length of the chords that measure concavity.
  public var chords = 0.15...0.5
  /// The least depth under a chord at which a contour is cut.
  public var cutDepth = 0.035
  /// The least depth of a reported concave point.
  public var reportedDepth = 0.08

  // MARK: Candidate ellipses

  /// The expected distance of a contour point from its cell's ellipse.
  public var contourNoise = 0.07
  /// The spread of log radius and log axis ratio.
  public var sizeSpread = 0.18
  /// The spread of the log axis ratio.
  public var elongationSpread = 0.3
  /// The sizes of ellipses.
  public var ellipseAreas = 0.3...1.9
  /// The largest axis ratio.
  public var axisRatio = 2.4
  /// The share of an ellipse that must be foreground.
  public var foregroundShare = 0.75

  // MARK: Cost of a set of ellipses, in cells

  /// For a cell's area of foreground that no ellipse covers.
  public var uncovered = 1.0
  /// For a cell's area of background covered.
  public var coveredBackground = 1.6
  /// For a cell's outline of contour that no ellipse runs along.
  public var contour = 0.8
  /// The distance from the nearest outline at which a contour point costs all it can.
  public var contourReach = 0.14
  /// For an ellipse.
  public var ellipse = 0.2
  /// For a cell's area covered twice.
  public var overlap = 0.15
  /// For a log area that deviates by one spread.
  public var size = 0.3
  /// The weight of deviations towards small cells.
  public var smallness = 0.5

  // MARK: Search

  /// Sets kept after each added ellipse.
  public var beam = 8
  /// Clumps with more candidates are searched greedily, one ellipse at a time.
  public var largestBeamProblem = 400

  /// The values tuned on two slides of Chula RBC-12.
  public init() {}
}

/// Scores of cells taken apart, clump by clump.
public struct ClumpScores: Sendable, Hashable, Codable {
  /// The result in one clump.
  public struct Clump: Sendable, Hashable, Codable {
    /// Cells in the reference.
    public let expected: Int
    /// The matched, invented and missed cells.
    public let counts: DetectionCounts

    /// A clump of `expected` cells with these counts.
    public init(expected: Int, counts: DetectionCounts) {
      self.expected = expected
      self.counts = counts
    }

    /// The number of cells found less the number there are.
    public var countError: Int { counts.falsePositives - counts.falseNegatives }

    /// Every cell found and none invented.
    public var isExact: Bool { counts.falsePositives == 0 && counts.falseNegatives == 0 }
  }

  /// In the order given.
  public let clumps: [Clump]

  /// The scores of these clumps.
  public init(_ clumps: [Clump]) { self.clumps = clumps }

  /// All clumps together.
  public var counts: DetectionCounts { clumps.reduce(.none) { $0 + $1.counts } }

  /// The share of clumps with every cell right; nil without clumps.
  public var exactRate: Double? { ratio(clumps.filter(\.isExact).count, clumps.count) }

  /// The mean absolute difference of cell numbers; nil without clumps.
  public var meanCountError: Double? { ratio(clumps.reduce(0) { $0 + abs($1.countError) }, clumps.count) }

  /// The clumps of 1, 2, 3, and 4 or more cells apart.
  public var bySize: [Int: ClumpScores] {
    Dictionary(grouping: clumps) { min(4, $0.expected) }.mapValues(ClumpScores.init)
  }
}

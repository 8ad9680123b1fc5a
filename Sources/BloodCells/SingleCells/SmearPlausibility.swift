import Foundation

/// Whether what was found in an image can be the cells of a smear: textures of other pictures have parts that pass for
/// cells one by one, but as a whole they are more ragged or longer than cells.
///
/// The bounds lie between 452 smears of three laboratories (medians: solidity at least 0.89, axis ratio at most 2.0) and the six of 28
/// photographs and drawings that ``SmearSeparator`` does not refuse (solidity at most 0.83, or axis ratio 3.4).
public struct SmearPlausibility: Sendable, Hashable {
  /// The median over the cells of visible area over that of its convex hull.
  public let medianSolidity: Double
  /// The median over the cells of the longer half axis over the shorter.
  public let medianAxisRatio: Double

  /// Judged by the features of all cells of an image; nil for fewer than five cells, which tell too little.
  public init?(_ cells: [CellFeatures]) {
    guard cells.count >= 5 else { return nil }
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    medianSolidity = median(cells.map(\.solidity))
    medianAxisRatio = median(cells.map(\.axisRatio))
  }

  /// False where the image is hardly a smear.
  public var isPlausible: Bool { medianSolidity >= 0.86 && medianAxisRatio <= 2.6 }
}

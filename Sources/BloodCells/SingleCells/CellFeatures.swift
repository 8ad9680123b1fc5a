import Foundation

/// What a classifier is told beside the picture: shape, and size against cells of other images.
///
/// Each is scaled to vary by about one between red cells, with 0 for an ordinary one.
public struct CellFeatures: Sendable, Hashable {
  /// How many numbers there are.
  public static let count = 8
  /// The numbers, in the order networks take them.
  public let values: [Float]

  /// Numbers made elsewhere, such as read from a file.
  public init(values: [Float]) {
    precondition(values.count == Self.count, "\(Self.count) features expected")
    self.values = values
  }

  /// The features of a cell.
  /// - Parameters:
  ///   - diameter: The diameter of the image's median cell, in its pixels.
  ///   - reference: What that diameter is in the images a classifier learned from; nil where the image may have
  ///     another magnification. Sizes are then only known relative to the image's own cells.
  public init(_ shape: CellShape, diameter: Double, reference: Double?) {
    let relative = Float(log(max(0.05, shape.relativeArea)))
    let scale = reference.map { Float(2 * log(diameter / $0)) }
    values = [
      2 * relative,
      2 * Float(log(shape.axisRatio)),
      Float(10 * (shape.solidity - 0.95)),
      Float(5 * (shape.circularity - 0.85)),
      Float(8 * shape.pallor),
      Float(3 * (shape.visibleShare - 1)),
      scale.map { 2 * (relative + $0) } ?? 0,
      scale == nil ? 0 : 1,
    ].map { min(6, max(-6, $0)) }
  }

  /// The visible area over that of its convex hull.
  public var solidity: Double { Double(values[2]) / 10 + 0.95 }
  /// The longer half axis over the shorter.
  public var axisRatio: Double { exp(Double(values[1]) / 2) }

  /// The features as they are where nothing is known of the magnification.
  public var withoutMagnification: CellFeatures { CellFeatures(values: values.dropLast(2) + [0, 0]) }
}

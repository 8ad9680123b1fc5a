import Foundation

/// The initial density: a Gaussian blob around each focus, cut at 0.1 and clipped at 1.
///
/// g(x) = A·exp(−|x − x0|² / w) with A = 1500 / (4π·15)^{3/2} = 0.58; the published w is 60 mm², a ball of 20 mm
/// across. Blobs of several foci add up.
public struct InitialBlob: Hashable, Sendable, Codable {
  /// Height of the blob before it is cut.
  public static let amplitude = 1500 / pow(4 * Double.pi * 15, 1.5)
  /// Density at or below which the blob is cut to zero.
  public static let cut = 0.1

  /// The squared length w in the exponent, in mm².
  public var squaredWidth: Double

  /// A blob of squared width w, in mm².
  public init(squaredWidth: Double = 60) { self.squaredWidth = squaredWidth }

  /// Radius at which the blob is cut, in mm.
  public var radius: Double { squaredRadius.squareRoot() }

  private var squaredRadius: Double { squaredWidth * InitialBlob.heightOverCut }

  private static let heightOverCut = log(amplitude / cut)

  /// The density at `position` (mm) for one blob around `focus` (mm).
  public func density(at position: SIMD3<Double>, focus: SIMD3<Double>) -> Double {
    let d = position - focus
    let squaredDistance = (d * d).sum()
    // Most cells lie far away; the margin leaves the rounding at the cut to the formula.
    guard squaredDistance < 1.01 * squaredRadius else { return 0 }
    let value = InitialBlob.amplitude * exp(-squaredDistance / squaredWidth)
    return value > InitialBlob.cut ? min(value, 1) : 0
  }

  /// The density of all `foci` on the cells of `grid`, x fastest, clipped at 1.
  public func density(on grid: SpaceTimeGrid, foci: [SIMD3<Double>]) -> [Float] {
    var cells = Array(repeating: Float(0), count: grid.shape.count)
    forEachCell(grid.shape) { cell, p in
      let center = grid.center(p.x, p.y, p.z)
      let sum = foci.reduce(0.0) { $0 + density(at: center, focus: $1) }
      cells[cell] = Float(min(sum, 1))
    }
    return cells
  }

  /// The derivative of the clipped sum at `position` with respect to the coordinates of focus `index`.
  func slope(at position: SIMD3<Double>, foci: [SIMD3<Double>], index: Int) -> SIMD3<Double> {
    let own = density(at: position, focus: foci[index])
    guard own > 0, foci.reduce(0.0, { $0 + density(at: position, focus: $1) }) < 1 else { return .zero }
    return own * 2 / squaredWidth * (position - foci[index])
  }

  /// The derivative of the clipped sum with respect to coordinate `axis` of focus `index`.
  func derivative(on grid: SpaceTimeGrid, foci: [SIMD3<Double>], index: Int, axis: Int) -> [Float] {
    var cells = Array(repeating: Float(0), count: grid.shape.count)
    forEachCell(grid.shape) { cell, p in
      cells[cell] = Float(slope(at: grid.center(p.x, p.y, p.z), foci: foci, index: index)[axis])
    }
    return cells
  }
}

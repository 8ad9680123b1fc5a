import Foundation

/// The samples of a Gaussian, or of its first or second derivative, for one axis.
///
/// As SciPy's `gaussian_filter1d`: the Gaussian is sampled at whole voxels out to `truncation` · sigma and normalised
/// to sum 1; the derivatives are that sampled Gaussian times `−x/σ²` and `x²/σ⁴ − 1/σ²`.
public struct GaussianKernel: Sendable, Hashable {
  /// The order of the derivative: 0, 1 or 2.
  public let order: Int
  /// The weights at x = 0, 1, …, radius. Order 1 is odd in x, the others even.
  public let weights: [Float]

  /// The number of voxels to each side.
  public var radius: Int { weights.count - 1 }

  /// The kernel of standard deviation `sigma`, in voxels; 0 is the identity (order 0 only).
  ///
  /// - Parameter unit: the voxel size the derivative is taken in; 1 gives derivatives per voxel, the spacing in mm
  ///   derivatives per mm.
  public init(sigma: Double, order: Int = 0, unit: Double = 1, truncation: Double = 4) {
    precondition(sigma >= 0 && (order == 0 || (sigma > 0 && (1...2).contains(order))), "sigma, order")
    self.order = order
    guard sigma > 0 else {
      weights = [1]
      return
    }
    let radius = Int(truncation * sigma + 0.5)
    let samples = (0...radius).map { exp(-0.5 * Double($0 * $0) / (sigma * sigma)) }
    let sum = 2 * samples.reduce(0, +) - samples[0]
    let variance = sigma * sigma
    weights = samples.enumerated().map { x, value in
      let x = Double(x)
      switch order {
      case 0: return Float(value / sum)
      // Correlation runs over f(i + x), so the sign is that of the reflected kernel: d/dx f is + for rising f.
      case 1: return Float(x / variance * value / sum / unit)
      default: return Float((x * x / variance - 1) / variance * value / sum / (unit * unit))
      }
    }
  }

  /// Where position `index` of an axis of `count` voxels lies after reflection at the faces (d c b a | a b c d | d c b a).
  @inline(__always)
  static func reflected(_ index: Int, _ count: Int) -> Int {
    var index = index
    while index < 0 || index >= count { index = index < 0 ? -1 - index : 2 * count - 1 - index }
    return index
  }
}

import Foundation
import ImageAnalysis
import Imaging

/// What a cell's outline and its rings say about it, the same however the cell lies: amplitudes of Fourier series around
/// the cell, whose phases alone change when it turns (Zahn and Roskies, IEEE Trans. Computers 1972).
///
/// Around the ellipse that has the cell's second moments: the outline as a series of the log of its distance (spikes of
/// burr cells are high orders, tails of teardrops low ones and extremes), and each colour along rings from the middle to beyond the
/// border (pallor, targets, stomata).
public struct PolarDescriptors: Sendable, Hashable {
  /// Orders of the outline's series, 0 included.
  static let outlineOrders = 25
  /// Radii of the rings, in those of the ellipse.
  static let rings: [Float] = [0, 0.12, 0.25, 0.37, 0.5, 0.62, 0.75, 0.87, 0.98, 1.1, 1.25]
  /// Orders of a ring's series, 0 included; one more number holds what higher ones up to the 16th have together.
  static let ringOrders = 6
  private static let highestOrder = 16
  /// Directions.
  private static let directions = 96
  /// How many numbers they are.
  public static let count = outlineOrders + 9 + 6 + 3 * rings.count * (ringOrders + 1) + 2

  /// The numbers: the outline's amplitudes, nine facts and the six highest amplitudes beyond the second order; for red, green
  /// and blue the amplitudes of each ring; how much of the two outermost rings other cells cover. All are 0 where the
  /// picture shows less than 30 pixels of the cell.
  public let values: [Float]

  /// The descriptors of the cell in the middle of `image`.
  public init(of image: CellImage) {
    guard let region = CellRegion(of: image) else {
      values = [Float](repeating: 0, count: Self.count)
      return
    }
    let radii = region.outline(directions: Self.circle)
    let amplitudes = Self.amplitudes(radii.map { SIMD4(log($0), 0, 0, 0) }, orders: Self.outlineOrders).map(
      \.x)
    let sorted = radii.sorted()
    let mean = radii.reduce(0, +) / Float(radii.count)
    let spread = radii.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(radii.count)
    let steps = zip(radii, radii.dropFirst()).reduce(0) { $0 + abs($1.1 - $1.0) } / Float(radii.count - 1)
    var result = amplitudes
    result += [
      sorted[sorted.count - 1], sorted[0], spread.squareRoot(), sorted[sorted.count - 5], sorted[4],
      abs(region.skewness.x), abs(region.skewness.y), region.fill, steps,
    ]
    result += amplitudes[3..<20].sorted().suffix(6)
    let rings = Self.rings.map { region.colors(of: image, directions: Self.circle, $0) }
    let series = rings.map { Self.amplitudes($0, orders: Self.highestOrder + 1) }
    for channel in 0..<3 {
      for ring in series {
        result += ring[..<Self.ringOrders].map { $0[channel] }
        result.append(
          ring[Self.ringOrders...].reduce(0) { $0 + $1[channel] * $1[channel] }.squareRoot())
      }
    }
    // The fourth lane is 1 in other cells.
    result += rings.suffix(2).map { ring in ring.reduce(0) { $0 + $1.w } / Float(ring.count) }
    values = result
  }

  // MARK: - Fourier series

  private static let angles = (0..<directions).map { 2 * Double.pi * Double($0) / Double(directions) }
  private static let circle = angles.map { SIMD2(Float(cos($0)), Float(sin($0))) }

  /// Cosine and sine of order times angle, order by order.
  private static let waves = (0..<outlineOrders).map { order in
    angles.map { SIMD2(Float(cos(Double(order) * $0)), Float(sin(Double(order) * $0))) }
  }

  /// The amplitude of each order, over the number of samples.
  private static func amplitudes(_ samples: [SIMD4<Float>], orders: Int) -> [SIMD4<Float>] {
    samples.withUnsafeBufferPointer { samples in
      waves[..<orders].map { wave in
        wave.withUnsafeBufferPointer { wave in
          var (even, odd) = (SIMD4<Float>.zero, SIMD4<Float>.zero)
          for index in 0..<samples.count {
            even.addProduct(samples[index], SIMD4(repeating: wave[index].x))
            odd.addProduct(samples[index], SIMD4(repeating: wave[index].y))
          }
          return (even * even + odd * odd).squareRoot() / Float(samples.count)
        }
      }
    }
  }
}

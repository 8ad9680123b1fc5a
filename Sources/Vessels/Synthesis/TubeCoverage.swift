import Foundation

/// How much of a voxel a tube covers, given the distance of the voxel's centre from the tube's axis.
///
/// The fraction is averaged over all orientations of the voxel against the tube, so the sum over the voxels of a long
/// tube is its volume πr²L whatever its direction and however thin it is: partial volume is exact down to tubes far
/// thinner than a voxel. Tabulated once; thicker tubes than `tabulatedRadius` look like a plane to a voxel.
struct TubeCoverage: Sendable {
  static let shared = TubeCoverage()

  /// Beyond the tube's radius plus this distance a voxel is not touched (half of its space diagonal, rounded up).
  static let reach: Float = 0.9

  private static let tabulatedRadius: Float = 2
  private static let radii = 41
  private static let distances = 64
  /// Fractions by radius (rows, 0 to `tabulatedRadius`) and distance (0 to radius + `reach`).
  private let table: [Float]

  private init() {
    let points = TubeCoverage.projectedVoxelPoints(count: 4096)
    var table = [Float](repeating: 0, count: TubeCoverage.radii * TubeCoverage.distances)
    for row in 0..<TubeCoverage.radii {
      let radius = TubeCoverage.tabulatedRadius * Float(row) / Float(TubeCoverage.radii - 1)
      for column in 0..<TubeCoverage.distances {
        let distance =
          (radius + TubeCoverage.reach) * Float(column) / Float(TubeCoverage.distances - 1)
        var inside = 0
        for point in points {
          let (x, y) = (point.x + distance, point.y)
          if x * x + y * y < radius * radius { inside += 1 }
        }
        table[row * TubeCoverage.distances + column] = Float(inside) / Float(points.count)
      }
    }
    self.table = table
  }

  /// Read the table with `body`; the fraction of a voxel is then `TubeCoverage.fraction(_:radius:distance:)`.
  func withTable<Result>(_ body: (UnsafePointer<Float>) throws -> Result) rethrows -> Result {
    try table.withUnsafeBufferPointer { try body($0.baseAddress!) }
  }

  /// The fraction of a voxel at `distance` from the axis of a tube of `radius` that lies in the tube, both in voxels.
  @inline(__always)
  static func fraction(_ table: UnsafePointer<Float>, radius: Float, distance: Float) -> Float {
    var (radius, distance) = (radius, distance)
    if radius > tabulatedRadius {
      distance = max(0, distance - (radius - tabulatedRadius))
      radius = tabulatedRadius
    }
    let along = distance / (radius + reach)
    if along >= 1 { return 0 }
    let r = radius * (Float(radii - 1) / tabulatedRadius)
    let d = along * Float(distances - 1)
    let (row, column) = (min(Int(r), radii - 2), Int(d))
    let (fr, fd) = (r - Float(row), d - Float(column))
    let here = table + row * distances + column
    let low = here[0] + fd * (here[1] - here[0])
    let high = here[distances] + fd * (here[distances + 1] - here[distances])
    return low + fr * (high - low)
  }

  /// Points of a voxel seen along a random direction: evenly spread points of a cube, turned and projected.
  private static func projectedVoxelPoints(count: Int) -> [SIMD2<Float>] {
    // Fractional parts of multiples of a generalised golden ratio fill the cube and the directions evenly
    // (Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
    var ratio = 1.1
    for _ in 0..<50 { ratio = pow(1 + ratio, 1.0 / 7) }
    let steps = (1...6).map { pow(ratio, -Double($0)) }
    return (0..<count).map { index in
      let u = steps.map { step in
        let value = 0.5 + step * Double(index + 1)
        return value - value.rounded(.down)
      }
      let point = SIMD3(Float(u[0] - 0.5), Float(u[1] - 0.5), Float(u[2] - 0.5))
      let height = Float(2 * u[3] - 1)
      let ring = (1 - height * height).squareRoot()
      let axis = SIMD3(
        ring * Float(cos(2 * .pi * u[4])), ring * Float(sin(2 * .pi * u[4])), height)
      let first = axis.anyPerpendicular
      let second = axis.cross(first)
      let (a, b) = (point.dot(first), point.dot(second))
      let (c, s) = (Float(cos(2 * .pi * u[5])), Float(sin(2 * .pi * u[5])))
      return [a * c - b * s, a * s + b * c]
    }
  }
}

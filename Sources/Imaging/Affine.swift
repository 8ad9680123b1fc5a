/// The map from voxel indices (i, j, k) to world coordinates in mm, RAS+ (x to the right, y to the front, z up).
///
/// Stored as the three upper rows of the 4×4 matrix; the last row is 0 0 0 1.
public struct Affine: Hashable, Sendable {
  /// The three upper rows of the matrix; the fourth element of each is the translation in mm.
  public var rows: [SIMD4<Double>]

  /// An affine from the three upper rows of its matrix.
  public init(rows first: SIMD4<Double>, _ second: SIMD4<Double>, _ third: SIMD4<Double>) {
    rows = [first, second, third]
  }

  /// Axis-aligned scaling by `spacing` (mm), with voxel (0, 0, 0) at `origin` (mm).
  public init(spacing: SIMD3<Double>, origin: SIMD3<Double> = .zero) {
    self.init(
      rows: [spacing.x, 0, 0, origin.x], [0, spacing.y, 0, origin.y], [0, 0, spacing.z, origin.z])
  }

  /// An affine from the world directions of one voxel step along each axis and the world position of voxel 0.
  public init(columns a: SIMD3<Double>, _ b: SIMD3<Double>, _ c: SIMD3<Double>, origin: SIMD3<Double>) {
    self.init(
      rows: [a.x, b.x, c.x, origin.x], [a.y, b.y, c.y, origin.y], [a.z, b.z, c.z, origin.z])
  }

  /// One millimetre per voxel, no rotation, no translation.
  public static let identity = Affine(spacing: .one)

  /// The world step of one voxel along `axis` (0, 1 or 2), in mm.
  public func column(_ axis: Int) -> SIMD3<Double> { [rows[0][axis], rows[1][axis], rows[2][axis]] }

  /// The world position of voxel (0, 0, 0), in mm.
  public var origin: SIMD3<Double> { column(3) }

  /// The voxel size along each axis, in mm.
  public var spacing: SIMD3<Double> {
    let squares = (0..<3).map { (column($0) * column($0)).sum().squareRoot() }
    return [squares[0], squares[1], squares[2]]
  }

  /// The signed volume of one voxel in mm³; negative for a left-handed axis order.
  public var determinant: Double {
    let (a, b, c) = (column(0), column(1), column(2))
    return a.x * (b.y * c.z - b.z * c.y) - b.x * (a.y * c.z - a.z * c.y) + c.x * (a.y * b.z - a.z * b.y)
  }

  /// The world position (mm) of voxel coordinate `index`, which may be fractional.
  public func callAsFunction(_ index: SIMD3<Double>) -> SIMD3<Double> {
    let v = SIMD4(index, 1)
    return [(rows[0] * v).sum(), (rows[1] * v).sum(), (rows[2] * v).sum()]
  }

  /// The map from world to voxel coordinates, or nil where the matrix is singular or not finite.
  public var inverse: Affine? {
    let (a, b, c, d) = (column(0), column(1), column(2), determinant)
    guard d.isFinite, d != 0 else { return nil }
    // The rows of the inverse are the cross products of the columns over the determinant.
    let r = [cross(b, c) / d, cross(c, a) / d, cross(a, b) / d]
    let t = origin
    return Affine(
      rows: SIMD4(r[0], -(r[0] * t).sum()), SIMD4(r[1], -(r[1] * t).sum()), SIMD4(r[2], -(r[2] * t).sum()))
  }

  /// Apply `right` first, then `left`.
  public static func * (left: Affine, right: Affine) -> Affine {
    let columns = (0..<3).map { axis in
      let c = right.column(axis)
      return left(c) - left.origin
    }
    return Affine(columns: columns[0], columns[1], columns[2], origin: left(right.origin))
  }

  /// The largest difference, in mm, between where the two affines put any corner of a grid of `shape`.
  public func largestDisplacement(from other: Affine, over shape: VoxelShape) -> Double {
    var largest = 0.0
    for corner in 0..<8 {
      let index = SIMD3<Double>(
        Double(corner & 1 == 0 ? 0 : shape.x - 1), Double(corner & 2 == 0 ? 0 : shape.y - 1),
        Double(corner & 4 == 0 ? 0 : shape.z - 1))
      let difference = self(index) - other(index)
      largest = max(largest, (difference * difference).sum().squareRoot())
    }
    return largest
  }
}

private func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
  [a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x]
}

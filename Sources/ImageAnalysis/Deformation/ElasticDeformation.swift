import Imaging
import Numerics

/// A smooth random warp: cubic B-splines of displacements in voxels, all six faces held still.
///
/// The coefficients that reach a face are zero, so the displacement vanishes there exactly. The splines are a partition
/// of unity: no displacement exceeds the largest coefficient, and below 0.4 knot spacings the warp cannot fold
/// (Choi and Lee, "Injectivity conditions of 2D and 3D uniform cubic B-spline functions", 2000).
///
/// DS6 (Chatterjee et al., 2022) names this deformation; its code draws a different one: ``LegacyDS6Deformation``.
public struct ElasticDeformation: Codable, Sendable, Equatable {
  /// The voxels the warp is made for.
  public let shape: VoxelShape
  /// The number of knot intervals along each axis.
  public let intervals: VoxelShape
  /// The displacement of each free knot along x, y and z, in voxels; x fastest. Free are the knots two intervals or
  /// more from every face: `intervals − 3` along an axis.
  public let knots: [SIMD3<Float>]

  /// The number of free knots along each axis for `intervals`.
  public static func freeKnots(intervals: VoxelShape) -> VoxelShape {
    VoxelShape(max(0, intervals.x - 3), max(0, intervals.y - 3), max(0, intervals.z - 3))
  }

  /// A warp of `shape` from the displacements of its free knots.
  public init(shape: VoxelShape, intervals: VoxelShape, knots: [SIMD3<Float>]) {
    let free = ElasticDeformation.freeKnots(intervals: intervals)
    precondition(knots.count == free.count, "\(free.count) free knots expected, \(knots.count) given")
    self.shape = shape
    self.intervals = intervals
    self.knots = knots
  }

  /// The warp that moves nothing.
  public static func identity(_ shape: VoxelShape) -> ElasticDeformation {
    ElasticDeformation(shape: shape, intervals: VoxelShape(1, 1, 1), knots: [])
  }

  /// The displacement of every voxel.
  public func displacementField() -> DisplacementField {
    if knots.allSatisfy({ $0 == .zero }) { return .zero(shape) }
    let components = (0..<3).map { dense(component: $0) }
    return DisplacementField(shape: shape, x: components[0], y: components[1], z: components[2])
  }

  private func dense(component: Int) -> [Float] {
    let lattice = CubicBSplineField.latticeShape(intervals: intervals)
    let free = ElasticDeformation.freeKnots(intervals: intervals)
    var coefficients = [Float](repeating: 0, count: lattice.count)
    // Three coefficients on each side reach a face: those of knots -1, 0 and 1.
    for c in 0..<free.z {
      for b in 0..<free.y {
        for a in 0..<free.x {
          coefficients[lattice.index(a + 3, b + 3, c + 3)] = knots[free.index(a, b, c)][component]
        }
      }
    }
    let field = CubicBSplineField(shape: shape, intervals: intervals, coefficients: coefficients)
    let plane = shape.x * shape.y
    return [Float](unsafeUninitializedCapacity: shape.count) { output, initialized in
      for k in 0..<shape.z { field.evaluate(slice: k, into: output.baseAddress! + k * plane) }
      initialized = shape.count
    }
  }
}

/// Draws elastic deformations, one for each sample.
public struct RandomElasticDeformation: Codable, Sendable, Equatable {
  /// The distance of neighbouring knots, in voxels; rounded so that whole intervals fill each axis.
  public var knotSpacing: Float
  /// Knot displacements are uniform in ±`maximumDisplacement` along each axis, in voxels. Away from the faces the
  /// root mean square of a component is 0.192 of it.
  public var maximumDisplacement: Float

  /// A family of deformations; a displacement above 0.4 knot spacings is held to that, so that nothing folds.
  public init(knotSpacing: Float = 10, maximumDisplacement: Float = 4) {
    self.knotSpacing = knotSpacing
    self.maximumDisplacement = maximumDisplacement
  }

  /// The deformation of a patch of `shape`, drawn from `stream`.
  public func draw(shape: VoxelShape, using stream: inout RandomStream) -> ElasticDeformation {
    func intervals(_ length: Int) -> Int { max(1, Int((Float(length - 1) / max(1, knotSpacing)).rounded())) }
    let intervals = VoxelShape(intervals(shape.x), intervals(shape.y), intervals(shape.z))
    let free = ElasticDeformation.freeKnots(intervals: intervals)
    func limit(_ axis: Int) -> Float {
      min(maximumDisplacement, 0.4 * Float(shape[axis] - 1) / Float(intervals[axis]))
    }
    let limits = [limit(0), limit(1), limit(2)]
    let knots = (0..<free.count).map { _ in
      SIMD3<Float>(
        stream.uniform(-limits[0]...limits[0]), stream.uniform(-limits[1]...limits[1]),
        stream.uniform(-limits[2]...limits[2]))
    }
    return ElasticDeformation(shape: shape, intervals: intervals, knots: knots)
  }
}

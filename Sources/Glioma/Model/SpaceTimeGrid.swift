import Imaging

/// The space-time box on which growth is computed: cells of equal size, centred in space and time.
///
/// Cell (i, j, k) of slice n has its centre at ((i + ½)·hx, (j + ½)·hy, (k + ½)·hz), in mm from the box corner, and
/// time (n + ½)·Δt; in memory x is fastest, then y, z and time (GliODIL, "Physics-regularized multi-modal image
/// assimilation for brain tumor localization", section on discretisation).
public struct SpaceTimeGrid: Hashable, Sendable, Codable {
  /// Number of time slices Nt.
  public var slices: Int
  /// Cells along x, y and z.
  public var shape: VoxelShape
  /// Cell size along x, y and z, in mm.
  public var spacing: SIMD3<Double>
  /// Length of the time axis T, in days.
  public var duration: Double

  /// A grid of `slices` time slices over `duration` days and `shape` cells of size `spacing` (mm).
  public init(slices: Int, shape: VoxelShape, spacing: SIMD3<Double>, duration: Double = 100) {
    precondition(slices >= 2 && shape.x > 0 && shape.y > 0 && shape.z > 0 && duration > 0)
    self.slices = slices
    self.shape = shape
    self.spacing = spacing
    self.duration = duration
  }

  /// The time step Δt = T / Nt, in days.
  public var timeStep: Double { duration / Double(slices) }

  /// The number N of cells of all slices; every term of the discrete loss is a mean over it.
  public var cellCount: Int { slices * shape.count }

  /// The centre of cell (i, j, k), in mm from the corner of the box.
  public func center(_ i: Int, _ j: Int, _ k: Int) -> SIMD3<Double> {
    (SIMD3(Double(i), Double(j), Double(k)) + 0.5) * spacing
  }
}

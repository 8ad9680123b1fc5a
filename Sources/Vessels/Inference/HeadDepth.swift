import ImageAnalysis
import Imaging

/// How deep voxels lie below the skin.
enum HeadDepth {
  /// Voxels of the grid that depths are measured on, in mm.
  private static let step = 2.0
  /// Gaps up to twice this, in mm, are no outside: mouth, nose, ear canals and the sinuses behind them.
  private static let closing = 24.0

  /// For every voxel the distance in mm to the air around the head, 0 in that air; infinite where there is none.
  ///
  /// Nil where the background was removed, which leaves many voxels of exactly 0: the surface is then not the skin.
  static func map(of image: Volume<Float>) -> Volume<Float>? {
    let zeros = image.withVoxels { $0.count { $0 == 0 } }
    guard Double(zeros) < 0.25 * Double(image.shape.count) else { return nil }
    let head = image.foregroundMask()
    guard head.voxels.contains(1) else { return nil }
    let coarse = head.resampledNearest(to: grid(around: image.grid), outside: 0)
    // Where the head leaves the volume it goes on; where there is air there is more of it.
    let margin = Int(1.5 * closing / step)
    let window = PatchWindow(
      x: -margin, y: -margin, z: -margin,
      shape: VoxelShape(
        coarse.shape.x + 2 * margin, coarse.shape.y + 2 * margin, coarse.shape.z + 2 * margin))
    let spacing = Affine(spacing: coarse.grid.spacing)
    let padded = Mask(
      grid: VoxelGrid(shape: window.shape, affine: spacing), voxels: window.values(of: coarse))
    let wide = padded.distanceToForeground(limit: closing + step).map { $0 <= Float(closing) ? UInt8(1) : 0 }
    let closed = wide.distanceToBackground(limit: closing + step).map { $0 > Float(closing) ? UInt8(1) : 0 }
    let inner = VoxelBox(
      x: margin..<margin + coarse.shape.x, y: margin..<margin + coarse.shape.y,
      z: margin..<margin + coarse.shape.z)
    let depths = closed.distanceToBackground().cropped(to: inner)
    return Volume(grid: coarse.grid, voxels: depths.voxels).resampled(to: image.grid, interpolation: .linear)
  }

  /// The grid of cubes over the same extent.
  private static func grid(around own: VoxelGrid) -> VoxelGrid {
    var (shape, steps) = (own.shape, SIMD3<Double>.one)
    for axis in 0..<3 where own.spacing[axis] < step {
      let count = max(1, Int((Double(shape[axis]) * own.spacing[axis] / step).rounded()))
      steps[axis] = Double(shape[axis]) / Double(count)
      shape[axis] = count
    }
    return VoxelGrid(shape: shape, affine: own.affine * Affine(spacing: steps, origin: 0.5 * steps - 0.5))
  }
}

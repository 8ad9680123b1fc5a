import Imaging
import Numerics

/// The surface voxels of a mask: those inside that share a face with a voxel outside, as the mask minus its
/// erosion by SciPy's default structure (the edges of MONAI's surface metrics). Beyond the image is outside.
package struct Surface: Sendable {
  /// The positions in memory, ascending.
  package let voxels: [Int]
  private let grid: VoxelGrid

  /// The surface of the voxels of `mask` that are not 0.
  package init(of mask: Mask) {
    grid = mask.grid
    let shape = mask.shape
    let (row, slice) = (shape.x, shape.x * shape.y)
    let rows = RunRows(nonzeroOf: mask)
    voxels = mask.withVoxels { voxels in
      guard let base = voxels.baseAddress else { return [] }
      var found: [Int] = []
      for run in rows.runs {
        let (line, end) = (run.start / shape.x, run.start + run.length - 1)
        let (y, z) = (line % shape.y, line / shape.y)
        let isAtFace = y == 0 || y == shape.y - 1 || z == 0 || z == shape.z - 1
        for p in run.start...end {
          // Both ends of a run border on the outside.
          if p == run.start || p == end || isAtFace || base[p - row] == 0 || base[p + row] == 0
            || base[p - slice] == 0 || base[p + slice] == 0
          {
            found.append(p)
          }
        }
      }
      return found
    }
  }

  /// For each surface voxel the distance in mm to the nearest surface voxel of `other`, a surface on the same grid.
  package func distances(to other: Surface) -> [Float] {
    guard !other.voxels.isEmpty else { return Array(repeating: .infinity, count: voxels.count) }
    var sites = Mask(grid: grid, filledWith: 0)
    sites.withMutableVoxels { for voxel in other.voxels { $0[voxel] = 1 } }
    // The last axis is searched only where a distance is asked for.
    let rows = SquaredDistance.alongX(sites, inside: true)
    var slices = rows
    let (shape, spacing) = (grid.shape, grid.spacing)
    SquaredDistance.alongY(&slices, step: Float(spacing.y * spacing.y))
    return rows.withVoxels { rows in
      slices.withVoxels { slices in
        nonisolated(unsafe) let (rows, slices) = (rows.baseAddress!, slices.baseAddress!)
        let parts = Parallel.mapSlabs(of: 0..<voxels.count) { slab in
          slab.map { number -> Float in
            let voxel = voxels[number]
            let (y, z) = (voxel / shape.x % shape.y, voxel / (shape.x * shape.y))
            let dz = stepToNearest(
              slices + voxel, position: z, count: shape.z, stride: shape.x * shape.y, spacing.z)
            let inSlice = voxel + dz * shape.x * shape.y
            let dy = stepToNearest(
              rows + inSlice, position: y, count: shape.y, stride: shape.x, spacing.y)
            // The distance afresh from whole steps, so that equal distances compare equal to a tolerance in Float.
            let dx = (Double(rows[inSlice + dy * shape.x]).squareRoot() / spacing.x).rounded()
            let offset = SIMD3(dx, Double(dy), Double(dz)) * spacing
            return Float((offset * offset).sum().squareRoot())
          }
        }
        return parts.flatMap(\.self)
      }
    }
  }
}

/// The d for which `field[d · stride] + (d · spacing)²` is least.
@inline(__always)
private func stepToNearest(
  _ field: UnsafePointer<Float>, position: Int, count: Int, stride: Int, _ spacing: Double
) -> Int {
  let step = Float(spacing * spacing)
  var (best, nearest) = (field[0], 0)
  for d in Swift.stride(from: 1, through: max(position, count - 1 - position), by: 1) {
    let square = Float(d * d) * step
    if square >= best { break }
    if position >= d && field[-d * stride] + square < best {
      (best, nearest) = (field[-d * stride] + square, -d)
    }
    if position + d < count && field[d * stride] + square < best {
      (best, nearest) = (field[d * stride] + square, d)
    }
  }
  return nearest
}

import Imaging
import Numerics

/// A lossless change of the order and direction of an image's axes.
public struct Reorientation: Sendable, Hashable {
  /// For each axis of the result, the axis of the source it is taken from.
  public let sourceAxis: [Int]
  /// For each axis of the result, whether it runs against the source axis.
  public let isReversed: [Bool]

  /// The reorientation that brings axes of orientation `source` to `target`.
  public init(from source: AxisCodes, to target: AxisCodes) {
    var axes: [Int] = []
    var reversed: [Bool] = []
    for axis in 0..<3 {
      let world = target.worldAxis[axis]
      let from = source.worldAxis.firstIndex(of: world) ?? axis
      axes.append(from)
      reversed.append(source.isReversed[from] != target.isReversed[axis])
    }
    (sourceAxis, isReversed) = (axes, reversed)
  }

  /// Whether nothing moves.
  public var isIdentity: Bool { sourceAxis == [0, 1, 2] && !isReversed.contains(true) }

  /// The grid of the reoriented image: every voxel keeps its place in the world.
  public func callAsFunction(_ grid: VoxelGrid) -> VoxelGrid {
    let shape = VoxelShape(
      grid.shape[sourceAxis[0]], grid.shape[sourceAxis[1]], grid.shape[sourceAxis[2]])
    var origin = SIMD3<Double>.zero
    var columns: [SIMD3<Double>] = []
    for axis in 0..<3 {
      let column = grid.affine.column(sourceAxis[axis])
      columns.append(isReversed[axis] ? -column : column)
      if isReversed[axis] { origin[sourceAxis[axis]] = Double(grid.shape[sourceAxis[axis]] - 1) }
    }
    return VoxelGrid(
      shape: shape, affine: Affine(columns: columns[0], columns[1], columns[2], origin: grid.affine(origin)))
  }
}

extension Volume {
  /// The image with axes in the order right, anterior, superior (or the nearest to it for an oblique grid).
  ///
  /// Voxels are permuted and flipped, never interpolated; `reoriented(to:)` with the original's codes undoes it.
  @inlinable
  public func canonicalized() -> Volume { reoriented(to: AxisCodes(.identity)) }

  /// The image with axes in the order and direction of `codes`; each voxel keeps its value and its place in the world.
  @inlinable
  public func reoriented(to codes: AxisCodes) -> Volume {
    reoriented(by: Reorientation(from: grid.axisCodes, to: codes))
  }

  /// The image with axes moved by `change`.
  @inlinable
  public func reoriented(by change: Reorientation) -> Volume {
    if change.isIdentity { return self }
    let (source, grid) = (shape, change(grid))
    let steps = (0..<3).map {
      source.stride(change.sourceAxis[$0]) * (change.isReversed[$0] ? -1 : 1)
    }
    let start = (0..<3).reduce(0) {
      $0 + (change.isReversed[$1] ? (grid.shape[$1] - 1) * -steps[$1] : 0)
    }
    let (nx, ny) = (grid.shape.x, grid.shape.y)
    return withVoxels { input in
      Volume(grid: grid) { output in
        guard let first = input.baseAddress, let target = output.baseAddress else { return }
        nonisolated(unsafe) let (input, output) = (first, target)
        let (stepX, stepY, stepZ) = (steps[0], steps[1], steps[2])
        Parallel.forEachSlab(of: 0..<grid.shape.z) { slab in
          for k in slab {
            for j in 0..<ny {
              var from = start + stepY * j + stepZ * k
              let row = output + nx * (j + ny * k)
              for i in 0..<nx {
                (row + i).initialize(to: input[from])
                from += stepX
              }
            }
          }
        }
      }
    }
  }
}

import Imaging

/// The discrete diffusion ∇·(D∇u) with D = D_w·(white + gray / R), as stencils in white and grey matter of D_w = 1.
///
/// The face between two cells is open where both hold matter, and its diffusivity is the mean of the two cells'
/// (GliODIL, `m_Tildas`). In the `correct` scheme faces of the box are closed.
final class DiffusionOperator: Sendable {
  let grid: SpaceTimeGrid
  let scheme: DiffusionScheme
  let white: Stencil
  let gray: Stencil

  init(grid: SpaceTimeGrid, tissue: Tissue, scheme: DiffusionScheme) {
    self.grid = grid
    self.scheme = scheme
    white = DiffusionOperator.stencil(grid, tissue, tissue.white, scheme)
    gray = DiffusionOperator.stencil(grid, tissue, tissue.gray, scheme)
  }

  /// The stencil of diffusivity `diffusivity` (D_w, mm²/day) and ratio `ratio` (R = D_w / D_g).
  func combined(diffusivity: Double, ratio: Double) -> Stencil {
    let result = white.twin()
    result.combine(Float(diffusivity), white, Float(diffusivity / ratio), gray)
    return result
  }

  private static func stencil(
    _ grid: SpaceTimeGrid, _ tissue: Tissue, _ fraction: [Float], _ scheme: DiffusionScheme
  ) -> Stencil {
    let shape = grid.shape
    // Value of the face from `cell` to the next cell along each axis, the last one being the periodic face.
    var faces = Array(repeating: Array(repeating: Float(0), count: shape.count), count: 3)
    for axis in 0..<3 {
      let scale = Float(1 / (grid.spacing[axis] * grid.spacing[axis]))
      forEachCell(shape) { cell, position in
        let next = neighbour(cell, position[axis], axis, 1, shape)
        if tissue.isMatter(cell), tissue.isMatter(next) {
          faces[axis][cell] = scale * (fraction[cell] + fraction[next]) / 2
        }
      }
    }
    if scheme == .correct {
      for axis in 0..<3 {
        forEachCell(shape) { cell, position in if position[axis] == shape[axis] - 1 { faces[axis][cell] = 0 }
        }
      }
      return Stencil(shape: shape, faces: faces)
    }
    // The published programs take y faces in z without the z cell size; spacing enters after the choice of face.
    let upperInZ: [Float] = {
      let rescale = Float(grid.spacing[1] * grid.spacing[1] / (grid.spacing[2] * grid.spacing[2]))
      return faces[1].map { $0 * rescale }
    }()
    var neighbours = Array(repeating: Array(repeating: Float(0), count: shape.count), count: 6)
    var links: [Stencil.Link] = []
    for axis in 0..<3 {
      forEachCell(shape) { cell, position in
        let previous = neighbour(cell, position[axis], axis, -1, shape)
        let next = neighbour(cell, position[axis], axis, 1, shape)
        var (towardsPrevious, towardsNext) = (faces[axis][previous], faces[axis][cell])
        if axis == 2 { towardsNext = upperInZ[cell] }
        if scheme == .compat { swap(&towardsPrevious, &towardsNext) }
        if position[axis] > 0 {
          neighbours[2 * axis][cell] = towardsPrevious
        } else {
          links.append(.init(target: Int32(cell), source: Int32(previous), coefficient: towardsPrevious))
        }
        if position[axis] < shape[axis] - 1 {
          neighbours[2 * axis + 1][cell] = towardsNext
        } else {
          links.append(.init(target: Int32(cell), source: Int32(next), coefficient: towardsNext))
        }
      }
    }
    return Stencil(shape: shape, neighbours: neighbours, links: links)
  }

  private static func neighbour(
    _ cell: Int, _ position: Int, _ axis: Int, _ step: Int, _ shape: VoxelShape
  ) -> Int {
    let wrapped = (position + step + shape[axis]) % shape[axis]
    return cell + (wrapped - position) * shape.stride(axis)
  }
}

/// Call `body` with the memory position and the indices of every cell, x fastest.
func forEachCell(_ shape: VoxelShape, _ body: (Int, SIMD3<Int>) -> Void) {
  var cell = 0
  for k in 0..<shape.z {
    for j in 0..<shape.y {
      for i in 0..<shape.x {
        body(cell, [i, j, k])
        cell += 1
      }
    }
  }
}

import Imaging
import Numerics

/// The neighbourhood of a morphological operation.
public enum StructuringElement: Sendable, Hashable, Codable {
  /// Voxels whose centres are no further than `radius` mm.
  case ball(radius: Double)
  /// Voxels no further than `radius` voxels along every axis: a cube.
  case box(radius: Int)
  /// Voxels within `radius` steps over faces: for 1 the voxel and its six neighbours.
  case cross(radius: Int)
}

/// Binary morphology (Serra, 1982). Results are 0 and 1. What lies beyond the image neither dilates nor erodes it, so that
/// opening never adds and closing never removes a voxel, at the faces neither.
extension Volume where Scalar == UInt8 {
  /// The voxels whose neighbourhood meets the mask.
  public func dilated(by element: StructuringElement) -> Mask {
    switch element {
    case .ball(let radius):
      precondition(radius >= 0 && radius.isFinite, "a radius in mm")
      // A sphere through voxel centres includes them, whatever rounding makes of their distance.
      let limit = radius * (1 + 1e-6)
      return distanceToForeground(limit: limit).map { $0 < .infinity ? 1 : 0 }
    case .box(let radius):
      var result = map { $0 != 0 ? UInt8(1) : 0 }
      for _ in 0..<radius { for axis in 0..<3 { result = result.spread(along: [axis]) } }
      return result
    case .cross(let radius):
      var result = map { $0 != 0 ? UInt8(1) : 0 }
      for _ in 0..<radius { result = result.spread(along: [0, 1, 2]) }
      return result
    }
  }

  /// The voxels whose neighbourhood lies inside the mask.
  public func eroded(by element: StructuringElement) -> Mask {
    map { $0 != 0 ? UInt8(0) : 1 }.dilated(by: element).map { 1 - $0 }
  }

  /// Erosion, then dilation: parts narrower than the neighbourhood go.
  public func opened(by element: StructuringElement) -> Mask { eroded(by: element).dilated(by: element) }

  /// Dilation, then erosion: gaps narrower than the neighbourhood close.
  public func closed(by element: StructuringElement) -> Mask { dilated(by: element).eroded(by: element) }

  /// The mask with each voxel that has a neighbour inside along one of `axes`.
  private func spread(along axes: [Int]) -> Mask {
    let size = shape
    return withVoxels { source in
      nonisolated(unsafe) let source = source
      return Mask(grid: grid) { target in
        nonisolated(unsafe) let target = target
        Parallel.forEachSlab(of: 0..<size.z) { slab in
          for k in slab {
            for j in 0..<size.y {
              let row = size.index(0, j, k)
              (target.baseAddress! + row).initialize(from: source.baseAddress! + row, count: size.x)
              for axis in axes {
                let (step, place) = (size.stride(axis), axis == 1 ? j : k)
                if axis == 0 {
                  for x in 1..<max(size.x, 1) { target[row + x] |= source[row + x - 1] }
                  for x in 0..<max(size.x - 1, 0) { target[row + x] |= source[row + x + 1] }
                } else {
                  if place > 0 { for x in 0..<size.x { target[row + x] |= source[row + x - step] } }
                  if place < size[axis] - 1 {
                    for x in 0..<size.x { target[row + x] |= source[row + x + step] }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}

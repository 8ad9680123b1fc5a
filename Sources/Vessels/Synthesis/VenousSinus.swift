import Foundation
import Imaging

/// A venous sinus: a wide channel along a smooth path, oval to triangular across, its base against the skull.
public struct VenousSinus: Codable, Sendable, Equatable {
  /// Points of the path, in voxels.
  public var path: [SIMD3<Float>]
  /// The direction towards the skull at each point of the path.
  public var outward: [SIMD3<Float>]
  /// Half the width and half the depth of the cross-section, in voxels.
  public var halfWidth, halfDepth: Float
  /// 0 for an oval, 1 for a triangle that points away from the skull.
  public var triangularity: Float
  /// The brightness of its blood relative to the brightest vessels.
  public var brightness: Float

  /// The tapering of the cross-section towards the ends of the path, at a fraction of its length.
  private func swelling(_ fraction: Float) -> Float { 0.6 + 0.4 * sin(.pi * min(1, max(0, fraction))) }

  /// Paint the sinus where it covers more of a voxel than what is there.
  func paint(on canvas: VesselRaster.Canvas) {
    let reach = max(halfWidth, halfDepth) * 1.2 + 1
    for index in path.indices.dropLast() {
      let (start, end) = (path[index], path[index + 1])
      guard
        let box = SegmentBox(
          around: start, end, reach: reach, shape: canvas.shape, slices: 0..<canvas.shape.z)
      else { continue }
      let along = end - start
      let forward = along.normalized
      let up = (outward[index] - outward[index].dot(forward) * forward).normalized
      let aside = forward.cross(up)
      let scale = swelling((Float(index) + 0.5) / Float(path.count))
      let (width, depth) = (halfWidth * scale, halfDepth * scale)
      for k in box.z {
        for j in box.y {
          for i in box.x {
            let offset = SIMD3(Float(i), Float(j), Float(k)) - start
            let t = offset.dot(forward)
            // A little beyond both ends, so that no gap opens on the outside of a bend.
            if t < -0.7 || t > along.length + 0.7 { continue }
            let distance = self.distance(offset.dot(aside), offset.dot(up), width, depth)
            let covered = min(1, max(0, 0.5 - distance))
            let voxel = canvas.shape.index(i, j, k)
            if covered > canvas.partialVolume[voxel] {
              canvas.partialVolume[voxel] = covered
              canvas.brightness[voxel] = brightness
              canvas.radius[voxel] = min(width, depth)
            }
          }
        }
      }
      let middle = 0.5 * (start + end)
      let (i, j, k) = (Int(middle.x.rounded()), Int(middle.y.rounded()), Int(middle.z.rounded()))
      if canvas.shape.contains(i, j, k) { canvas.centreline[canvas.shape.index(i, j, k)] = 1 }
    }
  }

  /// The signed distance, in voxels and roughly, from the wall at (x, y) of the cross-section; y points to the skull.
  private func distance(_ x: Float, _ y: Float, _ width: Float, _ depth: Float) -> Float {
    let (u, v) = (x / width, y / depth)
    let oval = (u * u + v * v).squareRoot() - 1
    let triangle = max(v - 0.6, 0.83 * abs(u) - 0.5 * v - 0.5)
    return (oval + triangularity * (triangle - oval)) * min(width, depth)
  }
}

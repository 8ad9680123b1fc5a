import Imaging
import Numerics

/// A named artery as a smooth path whose radius falls evenly from its start to its end; voxels throughout.
public struct ArterialPath: Codable, Sendable, Equatable {
  /// Points that the path passes, in voxels.
  public var points: [SIMD3<Float>]
  /// The radius at both ends, in voxels.
  public var startRadius, endRadius: Float
  /// The brightness of its blood relative to the brightest vessels.
  public var brightness: Float

  /// The place, direction and radius at `fraction` (0 to 1) of the path, a Catmull-Rom spline through its points.
  package func sample(at fraction: Float) -> (position: SIMD3<Float>, direction: SIMD3<Float>, radius: Float)
  {
    let pieces = points.count - 1
    let place = min(max(0, fraction), 1) * Float(pieces)
    let piece = min(Int(place), pieces - 1)
    let t = place - Float(piece)
    let p1 = points[piece]
    let p2 = points[piece + 1]
    let p0 = piece > 0 ? points[piece - 1] : 2 * p1 - p2
    let p3 = piece + 2 <= pieces ? points[piece + 2] : 2 * p2 - p1
    let (a, b, c) = (2 * p0 - 5 * p1 + 4 * p2 - p3, 3 * p1 - p0 - 3 * p2 + p3, p2 - p0)
    let position = p1 + 0.5 * t * (c + t * (a + t * b))
    let direction = 0.5 * (c + t * (2 * a + 3 * t * b))
    return (position, direction.normalized, startRadius + fraction * (endRadius - startRadius))
  }

  /// The path as segments of about 0.8 voxel.
  func tree() -> VesselTree {
    var length: Float = 0
    for (a, b) in zip(points, points.dropFirst()) { length += (b - a).length }
    let steps = max(2, Int(length / 0.8))
    let samples = (0...steps).map { sample(at: Float($0) / Float(steps)) }
    let segments = zip(samples, samples.dropFirst()).map {
      VesselSegment(
        start: $0.position, end: $1.position, startRadius: $0.radius, endRadius: $1.radius)
    }
    return VesselTree(segments: segments, brightness: brightness)
  }
}

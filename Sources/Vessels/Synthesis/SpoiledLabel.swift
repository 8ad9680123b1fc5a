import Foundation
import ImageAnalysis
import Imaging
import Numerics

/// Spoils a label as half-automatic labels of angiographies are spoiled: small vessels are missing in parts, borders are off by a
/// voxel here and there (DS6, Chatterjee et al., 2022, trains on such labels).
public struct SpoiledLabel: Codable, Sendable, Equatable {
  /// Vessels of a radius below this may be missing, in voxels.
  public var smallRadius: Float = 1
  /// The share of the small vessels' voxels that is missing, in stretches.
  public var missing: Float = 0.5
  /// The share of border voxels that is taken away, and as many are added outside.
  public var borderNoise: Float = 0.25
  /// The size of the stretches and of the border's waves, in voxels.
  public var size: Float = 8

  /// Half of the small vessels, a quarter of the border.
  public init() {}

  /// The label of `sample`, spoiled.
  public func callAsFunction(_ sample: SyntheticAngiographySample, seed: UInt64) -> Mask {
    let (clean, shape) = (sample.all, sample.all.shape)
    let (larger, smaller) = (clean.dilated(by: .cross(radius: 1)), clean.eroded(by: .cross(radius: 1)))
    var result = clean
    let gaps = field("gaps", shape, seed)
    let border = field("border", shape, seed)
    let plane = shape.x * shape.y
    var (gap, wave) = ([Float](repeating: 0, count: plane), [Float](repeating: 0, count: plane))
    for k in 0..<shape.z {
      gap.withUnsafeMutableBufferPointer {
        if let base = $0.baseAddress { gaps.evaluate(slice: k, into: base) }
      }
      wave.withUnsafeMutableBufferPointer {
        if let base = $0.baseAddress { border.evaluate(slice: k, into: base) }
      }
      for p in 0..<plane {
        let voxel = k * plane + p
        // A field of unit variance lies below this with the share asked for.
        if clean.voxels[voxel] == 1, smaller.voxels[voxel] == 0, wave[p] < Self.quantile(borderNoise) {
          result.setVoxel(voxel, 0)
        } else if clean.voxels[voxel] == 0, larger.voxels[voxel] == 1, wave[p] > -Self.quantile(borderNoise) {
          result.setVoxel(voxel, 1)
        }
        let radius = sample.radius.voxels[voxel]
        if radius > 0, radius < smallRadius, gap[p] < Self.quantile(missing) { result.setVoxel(voxel, 0) }
      }
    }
    return result
  }

  private func field(_ purpose: String, _ shape: VoxelShape, _ seed: UInt64) -> CubicBSplineField {
    var stream = RandomStream(seed: seed, purpose: "spoiled label \(purpose)")
    return .random(shape: shape, size: size, using: &stream)
  }

  /// The standard normal quantile of `share` (Abramowitz and Stegun, 26.2.23; exact to 5e-4).
  static func quantile(_ share: Float) -> Float {
    if share > 0.5 { return -quantile(1 - share) }
    guard share > 0 else { return -.infinity }
    let t = (-2 * log(Double(share))).squareRoot()
    let top = 2.515517 + t * (0.802853 + t * 0.010328)
    let bottom = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    return Float(top / bottom - t)
  }
}

import Foundation
import Imaging

/// How intensities are brought to a common scale before the network sees them.
public enum IntensityNormalization: String, Codable, Sendable, CaseIterable {
  /// Division by the volume's 99.9th percentile: saturated arteries are near 1, whatever the scanner's units.
  case percentile
  /// Subtraction of the volume's mean, division by its standard deviation.
  case zScore
  /// Division of each patch by its own maximum, as the published code of DS6 and SPOCKMIP does; an empty patch stays as it is.
  case patchMaximum

  /// What is subtracted from every voxel of `volume` and what the result is multiplied by; (0, 1) where that is per patch.
  /// Non-finite voxels are left out; a constant volume is not divided by zero.
  public func shiftAndScale(of volume: Volume<Float>) -> (shift: Float, scale: Float) {
    switch self {
    case .patchMaximum: return (0, 1)
    case .percentile:
      let top = volume.withVoxels { IntensityNormalization.percentile(0.999, of: $0) }
      return (0, top > 0 ? 1 / top : 1)
    case .zScore:
      let (mean, deviation) = volume.withVoxels { voxels in
        var (count, sum, squares) = (0.0, 0.0, 0.0)
        for value in voxels where value.isFinite {
          count += 1
          sum += Double(value)
          squares += Double(value) * Double(value)
        }
        let mean = sum / max(1, count)
        return (mean, max(0, squares / max(1, count) - mean * mean).squareRoot())
      }
      return (Float(mean), deviation > 1e-12 ? Float(1 / deviation) : 1)
    }
  }

  /// `volume` on the common scale; non-finite voxels become 0.
  public func callAsFunction(_ volume: Volume<Float>) -> Volume<Float> {
    let (shift, scale) = shiftAndScale(of: volume)
    var result = volume
    result.withMutableVoxels { voxels in
      for index in voxels.indices {
        voxels[index] = voxels[index].isFinite ? (voxels[index] - shift) * scale : 0
      }
    }
    return result
  }

  /// Divide `patch` by its maximum where that is what this normalisation does.
  func normalize(patch: UnsafeMutableBufferPointer<Float>) {
    guard self == .patchMaximum, let top = patch.max(), top > 0, top.isFinite else { return }
    let scale = 1 / top
    for index in patch.indices { patch[index] *= scale }
  }

  /// The value below which `fraction` of the finite `values` lie, to one part in 2¹⁶ of their range; 0 for none.
  static func percentile(_ fraction: Double, of values: UnsafeBufferPointer<Float>) -> Float {
    var (lowest, highest, count) = (Float.infinity, -Float.infinity, 0)
    for value in values where value.isFinite {
      lowest = min(lowest, value)
      highest = max(highest, value)
      count += 1
    }
    guard count > 0 else { return 0 }
    guard highest > lowest else { return highest }
    let bins = 1 << 16
    let scale = Float(bins - 1) / (highest - lowest)
    guard scale.isFinite else { return highest }
    var histogram = [Int](repeating: 0, count: bins)
    for value in values where value.isFinite { histogram[Int((value - lowest) * scale)] += 1 }
    var (remaining, bin) = (Int(fraction * Double(count - 1)), 0)
    while remaining >= histogram[bin] {
      remaining -= histogram[bin]
      bin += 1
    }
    return min(highest, lowest + Float(bin) / scale)
  }
}

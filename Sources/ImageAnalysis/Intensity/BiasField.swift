import Foundation
import Imaging
import Numerics

extension Volume where Scalar == Float {
  /// The smooth part of the brightness: what a voxel's value is to be divided by to make tissue equally bright everywhere.
  ///
  /// Homomorphic: the logarithm of the positive values inside `mask`, averaged with a Gaussian of `sigma` mm that counts the
  /// mask's voxels only (normalised convolution, Knutsson and Westin, 1993), minus its mean. Geometric mean 1 in the mask; 1 far
  /// from it. Computed on voxels of about a quarter of `sigma`.
  public func smoothBiasField(within mask: Mask, sigma: Double) -> Volume<Float> {
    precondition(mask.shape == shape && sigma > 0, "a mask of the image's shape and a sigma above 0 mm")
    var weight = Volume<Float>(grid: grid, filledWith: 0)
    var logarithm = weight
    for (p, value) in voxels.enumerated() where mask.voxels[p] != 0 && value > 0 && value.isFinite {
      weight.setVoxel(p, 1)
      logarithm.setVoxel(p, Foundation.log(value))
    }
    let coarseWeight = weight.coarsened(to: sigma / 4)
    let coarseLogarithm = logarithm.coarsened(to: sigma / 4)
    let total = coarseWeight.voxels.reduce(0.0) { $0 + Double($1) }
    guard total > 0 else { return Volume(grid: grid, filledWith: 1) }
    let mean = Float(coarseLogarithm.voxels.reduce(0.0) { $0 + Double($1) } / total)
    let (above, below) = (
      coarseLogarithm.gaussianSmoothed(sigma: sigma), coarseWeight.gaussianSmoothed(sigma: sigma)
    )
    // A trace of the mean in numerator and denominator leads to 1 where the mask is far.
    let trace: Float = 1e-3
    let field = Volume<Float>(
      grid: above.grid,
      voxels: zip(above.voxels, below.voxels).map {
        Foundation.exp(($0 + trace * mean) / ($1 + trace) - mean)
      })
    return field.resampled(to: grid, interpolation: .linear, outside: 1)
  }

  /// The image without the steps in brightness between slabs: every slice along `axis` scaled so that the median inside
  /// `mask` follows a smooth profile.
  ///
  /// Multi-slab angiographies jump at slab borders and fade within each slab. The profile of medians is smoothed with a
  /// Gaussian of `sigma` mm in the logarithm, weighted with the number of mask voxels, and each slice is multiplied with the
  /// smooth over the measured median, at most by 2 either way. Slices with less than a twentieth of the fullest
  /// slice's mask take the gain of the nearest one that has more.
  public func equalizingSliceProfile(along axis: Int, within mask: Mask, sigma: Double) -> Volume<Float> {
    precondition(mask.shape == shape && (0..<3).contains(axis) && sigma > 0, "mask, axis, sigma")
    let gains = sliceGains(along: axis, within: mask, sigma: sigma / grid.spacing[axis])
    var result = self
    let size = shape
    result.withMutableVoxels { voxels in
      nonisolated(unsafe) let voxels = voxels
      Parallel.forEachSlab(of: 0..<size.z) { slab in
        for k in slab {
          for j in 0..<size.y {
            let row = size.index(0, j, k)
            for i in 0..<size.x { voxels[row + i] *= gains[axis == 0 ? i : axis == 1 ? j : k] }
          }
        }
      }
    }
    return result
  }

  private func sliceGains(along axis: Int, within mask: Mask, sigma: Double) -> [Float] {
    let size = shape
    var slices = [[Float]](repeating: [], count: size[axis])
    for k in 0..<size.z {
      for j in 0..<size.y {
        for i in 0..<size.x where mask[i, j, k] != 0 && self[i, j, k] > 0 {
          slices[axis == 0 ? i : axis == 1 ? j : k].append(self[i, j, k])
        }
      }
    }
    let fullest = slices.map(\.count).max() ?? 0
    let known = slices.indices.filter { !slices[$0].isEmpty && 20 * slices[$0].count >= fullest }
    guard !known.isEmpty else { return Array(repeating: 1, count: slices.count) }
    let medians = known.map { slice in
      let values = slices[slice].sorted()
      return Double(Foundation.log(values[values.count / 2]))
    }
    let gains = known.indices.map { target -> Float in
      var (sum, total) = (0.0, 0.0)
      for (source, median) in zip(known, medians) {
        let distance = Double(source - known[target]) / sigma
        let weight = Double(slices[source].count) * Foundation.exp(-0.5 * distance * distance)
        sum += weight * median
        total += weight
      }
      return Float(min(max(Foundation.exp(sum / total - medians[target]), 0.5), 2))
    }
    return slices.indices.map { slice in
      let nearest = known.indices.min { abs(known[$0] - slice) < abs(known[$1] - slice) } ?? 0
      return gains[nearest]
    }
  }
}

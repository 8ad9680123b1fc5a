import ImageAnalysis
import Imaging
import TestSupport
import Testing

@Suite("Euclidean distance transform")
struct DistanceTests {
  @Test("Distances equal scipy's distance_transform_edt")
  func scipy() throws {
    var mask = Phantom.noise(VoxelShape(12, 10, 8), salt: 1).map { $0 < 20 ? UInt8(1) : 0 }
    mask.grid.affine = Affine(spacing: [0.5, 1.25, 2])
    let expected = try goldenValues("golden.json", as: GoldenValues.self).distance
    for (value, golden) in zip(mask.distanceToForeground().voxels, expected) {
      #expect(abs(value - golden) <= 1e-6 * max(1, golden))
    }
  }

  @Test("Distances equal a search over all voxels", arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func bruteForce(seed: UInt64) {
    let shapes = [VoxelShape(7, 9, 5), VoxelShape(33, 6, 4), VoxelShape(1, 8, 8), VoxelShape(16, 1, 1)]
    let spacing = SIMD3<Double>(0.3, 1.7, 0.9)
    for shape in shapes {
      let density: Float = [0, 0.01, 0.05, 0.3][Int(seed) % 4]
      let mask = Phantom.speckle(shape, density: density, seed: seed, spacing: spacing)
      let (to, from) = (mask.distanceToForeground(), mask.distanceToBackground())
      let bounded = mask.distanceToForeground(limit: 2)
      for k in 0..<shape.z {
        for j in 0..<shape.y {
          for i in 0..<shape.x {
            let exact = nearest(in: mask, to: SIMD3(i, j, k), inside: true)
            #expect(isClose(to[i, j, k], exact), "seed \(seed) \(shape) at \(i) \(j) \(k)")
            #expect(isClose(bounded[i, j, k], exact <= 2 ? exact : .infinity))
            #expect(isClose(from[i, j, k], nearest(in: mask, to: SIMD3(i, j, k), inside: false)))
          }
        }
      }
    }
  }

  private func isClose(_ value: Float, _ exact: Double) -> Bool {
    exact == .infinity ? value == .infinity : abs(Double(value) - exact) <= 2e-7 * max(1, exact)
  }

  private func nearest(in mask: Mask, to voxel: SIMD3<Int>, inside: Bool) -> Double {
    let (shape, spacing) = (mask.shape, mask.grid.spacing)
    var best = Double.infinity
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        for i in 0..<shape.x where (mask[i, j, k] != 0) == inside {
          let step = SIMD3(Double(i - voxel.x), Double(j - voxel.y), Double(k - voxel.z)) * spacing
          best = min(best, (step * step).sum().squareRoot())
        }
      }
    }
    return best
  }
}

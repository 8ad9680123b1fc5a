import ImageAnalysis
import Imaging
import TestSupport
import Testing

@Suite("Gaussian filters")
struct GaussianTests {
  static let sigma = SIMD3<Double>(1.3, 0.8, 2.1)

  @Test("Smoothing and derivatives equal SciPy's gaussian_filter")
  func scipy() throws {
    let image = Phantom.wave(VoxelShape(11, 9, 7))
    for expected in try goldenValues("golden.json", as: GoldenValues.self).gaussian {
      let kernels = (0..<3).map { GaussianKernel(sigma: Self.sigma[$0], order: expected.order[$0]) }
      let difference = zip(image.gaussianFiltered(kernels).voxels, expected.values).map { abs($0 - $1) }
      #expect(difference.max()! < 2e-6, "order \(expected.order)")
    }
  }

  @Test("Images narrower than a register are filtered as well")
  func narrow() throws {
    let image = Phantom.wave(VoxelShape(3, 2, 2)).gaussianSmoothed(sigmaVoxels: Self.sigma)
    let expected = try goldenValues("golden.json", as: GoldenValues.self).narrow
    for (value, golden) in zip(image.voxels, expected) { #expect(abs(value - golden) < 2e-6) }
  }

  @Test("Derivatives are per millimetre whatever the spacing")
  func slopes() {
    // f = 3x − 2y + 0.5z in mm; away from the faces the first derivatives are the coefficients.
    let affine = Affine(spacing: [0.5, 0.8, 1.6])
    let image = Phantom.volume(VoxelShape(41, 31, 21), affine: affine) { i, j, k in
      Float(3 * 0.5 * Double(i) - 2 * 0.8 * Double(j) + 0.5 * 1.6 * Double(k))
    }
    let expected: [(SIMD3<Int>, Float)] = [
      ([1, 0, 0], 3), ([0, 1, 0], -2), ([0, 0, 1], 0.5), ([1, 1, 0], 0),
    ]
    for (orders, slope) in expected {
      let derivative = image.gaussianDerivative(orders: orders, sigma: 1.5)
      // The sampled and truncated derivative kernel has first moment 1 within 0.3 %.
      #expect(abs(derivative[20, 15, 10] - slope) < 0.003 * max(1, abs(slope)), "\(orders)")
    }
  }

  @Test("Smoothing keeps a constant and commutes with flips", arguments: [1, 2, 3] as [UInt64])
  func flips(seed: UInt64) {
    let constant = Volume<Float>(grid: VoxelGrid(shape: VoxelShape(19, 8, 5)), filledWith: 7.25)
    #expect(constant.gaussianSmoothed(sigma: 2).voxels.allSatisfy { abs($0 - 7.25) < 1e-5 })
    let image = Phantom.speckle(VoxelShape(23, 17, 6), density: 0.3, seed: seed).map { Float($0) }
    let left = AxisCodes(Affine(spacing: [-1, 1, -1]))
    let flippedAfter = image.gaussianSmoothed(sigmaVoxels: Self.sigma).reoriented(to: left)
    let flippedBefore = image.reoriented(to: left).gaussianSmoothed(sigmaVoxels: Self.sigma)
    #expect(flippedAfter.grid == flippedBefore.grid)
    for (a, b) in zip(flippedAfter.voxels, flippedBefore.voxels) { #expect(abs(a - b) < 1e-6) }
  }
}

import Foundation
import Imaging
import Numerics
import Testing
import Vessels

@Suite("Acquisition")
struct AcquisitionTests {
  @Test("Fast normal numbers have the moments of a normal distribution")
  func normalNumbers() {
    let count = 400_000
    var numbers = [Float](repeating: 0, count: count)
    var stream = RandomStream(seed: 9, purpose: "normal quantiles")
    numbers.withUnsafeMutableBufferPointer {
      NormalQuantiles.shared.fill($0.baseAddress!, count: count, using: &stream)
    }
    let moments = (1...4).map { power in
      numbers.reduce(0.0) { $0 + pow(Double($1), Double(power)) } / Double(count)
    }
    let error = 1 / Double(count).squareRoot()
    // Five standard errors; the variances of the powers of a normal number are 1, 2, 15 and 96.
    for (moment, (expected, variance)) in zip(moments, [(0.0, 1.0), (1, 2), (0, 15), (3, 96)]) {
      #expect(abs(moment - expected) < 5 * variance.squareRoot() * error)
    }
  }

  @Test("Noise over empty space is Rayleigh distributed", arguments: [0, 0.7] as [Float])
  func rayleigh(correlation: Float) {
    var acquisition = RandomSyntheticAngiography(shape: VoxelShape(48, 48, 48)).draw(seed: 1, index: 0)
      .acquisition
    acquisition.noise = 0.05
    acquisition.noiseCorrelation = correlation
    (acquisition.ghost, acquisition.isClipped, acquisition.gamma) = (nil, true, 1)
    acquisition.isEightBit = false
    let shape = VoxelShape(48, 48, 48)
    var image = [Float](repeating: 0, count: shape.count)
    acquisition.scan(&image, shape: shape, seed: 4)
    let mean = image.reduce(0.0) { $0 + Double($1) } / Double(image.count)
    #expect(abs(mean / (0.05 * (Double.pi / 2).squareRoot()) - 1) < (correlation == 0 ? 0.01 : 0.02))
  }

  @Test("The point spread keeps constants and sums, and spreads a point by its variance")
  func pointSpread() {
    let shape = VoxelShape(25, 25, 25)
    let spread = PointSpread(sigma: [0.8, 0.6, 1.1])
    var constant = [Float](repeating: 3, count: shape.count)
    spread.apply(to: &constant, shape: shape)
    #expect(constant.allSatisfy { abs($0 - 3) < 1e-5 })
    var point = [Float](repeating: 0, count: shape.count)
    point[shape.index(12, 12, 12)] = 1
    spread.apply(to: &point, shape: shape)
    #expect(abs(point.reduce(0, +) - 1) < 1e-5)
    var variance = SIMD3<Double>()
    for voxel in point.indices {
      let offset = SIMD3(Double(voxel % 25 - 12), Double(voxel / 25 % 25 - 12), Double(voxel / 625 - 12))
      variance += Double(point[voxel]) * offset * offset
    }
    for (axis, sigma) in [0.8, 0.6, 1.1].enumerated() {
      // Cutting at three standard deviations loses a little of the tail.
      #expect(abs(variance[axis] / (sigma * sigma) - 1) < 0.05)
    }
    #expect(abs(point.reduce(0) { $0 + $1 * $1 }.squareRoot() - spread.noiseGain) < 1e-5)
  }
}

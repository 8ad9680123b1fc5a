import Foundation
import ImageAnalysis
import Imaging
import Numerics
import TestSupport
import Testing

@Suite("Vesselness")
struct VesselnessTests {
  struct Golden: Decodable {
    var frangi, jerman: [Float]
    var percents: [Double]
    var percentiles: [Float]
    var otsu: Float
    var otsuBytes: UInt8
    var hysteresis: Int
  }

  static let image: Volume<Float> = {
    let tubes = Phantom.tubes(24, shift: 0.5, spacing: [0.6, 0.6, 0.9])
    let noise = Phantom.noise(VoxelShape(24, 24, 24), salt: 7)
    return Volume(
      grid: tubes.grid, voxels: zip(tubes.voxels, noise.voxels).map { 80 * Float($0) + Float($1) / 8 })
  }()

  @Test("Frangi's and Jerman's measures equal an implementation in numpy")
  func numpy() throws {
    let expected = try goldenValues("vesselness.json", as: Golden.self)
    for (measure, golden) in [
      (Vesselness.Measure.frangi(), expected.frangi), (.jerman(), expected.jerman),
    ] {
      let response = Vesselness(measure, sigmas: [0.8, 1.5])(Self.image)
      let samples = stride(from: 0, to: response.voxels.count, by: 7).map { response.voxels[$0] }
      #expect(samples.count == golden.count)
      let worst = zip(samples, golden).map { abs($0 - $1) }.max() ?? 1
      // Float32 convolutions; ratios of small eigenvalues magnify their rounding.
      #expect(worst < 2e-4, "\(measure): \(worst)")
    }
  }

  @Test(
    "Eigenvalues are those of the matrix: of one brought to diagonal form, of equal pairs and of all equal")
  func eigenvalues() {
    // A quadratic image has a constant Hessian; smoothing keeps it away from the faces.
    let cases: [(SIMD3<Double>, Double)] = [
      ([-3, -3, 0], 0.4), ([-1, -2, -5], 1.1), ([2, 2, 2], 0.3), ([-4, 1, 1], 0.9), ([0, 0, -1], 0.2),
    ]
    for (values, angle) in cases {
      let (c, s) = (cos(angle), sin(angle))
      let axes: [SIMD3<Double>] = [[c, s, 0], [-s * c, c * c, s], [s * s, -s * c, c]]
      let image = Phantom.volume(VoxelShape(33, 33, 33)) { i, j, k in
        let p = SIMD3(Double(i), Double(j), Double(k)) - 16
        let squares = (0..<3).map { 0.5 * values[$0] * (axes[$0] * p).sum() * (axes[$0] * p).sum() }
        return Float(squares.reduce(0, +))
      }
      let found = image.hessianEigenvalues(sigma: 2)
      let expected = [values.x, values.y, values.z].sorted { abs($0) < abs($1) }.map { 4 * $0 }
      for (volume, value) in zip([found.0, found.1, found.2], expected) {
        // The kernel of order 2, cut at 4 sigma, has second moment 0.9964 and sum −9e-5: 0.4 % of 4 |λ|.
        let scale = values.x.magnitude + values.y.magnitude + values.z.magnitude
        #expect(abs(Double(volume[16, 16, 16]) - value) < 0.004 * 4 * scale, "\(values)")
      }
    }
  }

  @Test(
    "A bright tube answers most on its axis at the scale of its radius; a dark one, a sheet and a constant do not"
  )
  func tube() {
    func tube(_ sign: Float, sheet: Bool = false) -> Volume<Float> {
      Phantom.volume(VoxelShape(31, 31, 31)) { i, j, k in
        let r2 = Double((j - 15) * (j - 15) + (sheet ? 0 : (k - 15) * (k - 15)))
        return 100 + sign * 50 * Float(exp(-r2 / 8))
      }
    }
    for measure in [Vesselness.Measure.frangi(), .jerman()] {
      let filter = Vesselness(measure, sigmas: [1, 2])
      let bright = filter(tube(1))
      #expect(bright.voxels.allSatisfy { $0 >= 0 && $0 <= 1 })
      #expect(bright[15, 15, 15] == bright.voxels.max() && bright[15, 15, 15] > 0.5)
      #expect(bright[15, 21, 15] < 0.1)
      #expect(filter(tube(-1))[15, 15, 15] == 0)
      #expect(filter(tube(1, sheet: true))[15, 15, 15] < 0.02)
      #expect(filter(Volume(grid: bright.grid, filledWith: 0)).voxels.allSatisfy { $0 == 0 })
    }
  }

  @Test("Responses commute with flips")
  func flips() {
    let filter = Vesselness(.frangi(), sigmas: [0.9])
    let codes = AxisCodes(Affine(spacing: [-1, 1, -1]))
    let after = filter(Self.image).reoriented(to: codes)
    let before = filter(Self.image.reoriented(to: codes))
    for (a, b) in zip(after.voxels, before.voxels) { #expect(abs(a - b) < 2e-4) }
  }
}

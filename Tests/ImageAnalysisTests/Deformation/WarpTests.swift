import Foundation
import ImageAnalysis
import Imaging
import Numerics
import Testing

@Suite("Elastic deformation")
struct ElasticDeformationTests {
  static let shape = VoxelShape(48, 40, 33)

  private func noise(_ shape: VoxelShape, _ index: Int) -> [Float] {
    var stream = RandomStream(seed: 5, purpose: "warp test", indices: index)
    return (0..<shape.count).map { _ in stream.normal() }
  }

  private func drawn(_ index: Int, shape: VoxelShape = ElasticDeformationTests.shape) -> ElasticDeformation {
    var stream = RandomStream(seed: 6, purpose: "elastic", indices: index)
    return RandomElasticDeformation(knotSpacing: 7, maximumDisplacement: 2.5).draw(
      shape: shape, using: &stream)
  }

  @Test("The identity reproduces every value exactly", arguments: [LinearWarp.Padding.border, .zero])
  func identity(padding: LinearWarp.Padding) {
    let input = noise(Self.shape, 0)
    #expect(
      LinearWarp(ElasticDeformation.identity(Self.shape).displacementField(), padding: padding)(input)
        == input)
  }

  @Test("All six faces stay where they are", arguments: 0..<5)
  func lockedFaces(seed: Int) {
    let field = drawn(seed).displacementField()
    let shape = field.shape
    #expect(field.rootMeanSquare > 0.1)
    for k in 0..<shape.z {
      for j in 0..<shape.y {
        for i in 0..<shape.x {
          let isFace =
            i == 0 || j == 0 || k == 0 || i == shape.x - 1 || j == shape.y - 1 || k == shape.z - 1
          if isFace { #expect(field[i, j, k] == .zero) }
        }
      }
    }
  }

  @Test("The root mean square in the middle is the analytic one, the maximum is never exceeded")
  func amplitude() {
    let shape = VoxelShape(65, 65, 65)
    let family = RandomElasticDeformation(knotSpacing: 8, maximumDisplacement: 3)
    var (squares, count, largest) = (0.0, 0, Float(0))
    for index in 0..<40 {
      var stream = RandomStream(seed: 3, purpose: "amplitude", indices: index)
      let field = family.draw(shape: shape, using: &stream).displacementField()
      // Whole intervals at least three from every face, where all sixty-four knots are free.
      for k in 24..<40 {
        for j in 24..<40 {
          for i in 24..<40 {
            let u = field[i, j, k]
            squares += Double((u * u).sum())
            count += 3
          }
        }
      }
      largest = max(largest, (field.x + field.y + field.z).map(abs).max() ?? 0)
    }
    // Uniform knots have variance m²/3; a cubic B-spline keeps 151/315 of it along each axis.
    let analytic = 3 / 3.0.squareRoot() * (151.0 / 315) * (151.0 / 315).squareRoot()
    #expect(abs((squares / Double(count)).squareRoot() / analytic - 1) < 0.05)
    #expect(largest <= 3)
  }

  @Test("Forward and adjoint are transposes of each other", arguments: [LinearWarp.Padding.border, .zero])
  func adjoint(padding: LinearWarp.Padding) {
    let warp = LinearWarp(drawn(2).displacementField(), padding: padding)
    let (x, y) = (noise(Self.shape, 1), noise(Self.shape, 2))
    let forward = warp(x)
    var back = [Float](repeating: 0, count: y.count)
    y.withUnsafeBufferPointer { y in
      back.withUnsafeMutableBufferPointer { warp.applyAdjoint(y.baseAddress!, addingTo: $0.baseAddress!) }
    }
    func dot(_ a: [Float], _ b: [Float]) -> Double {
      zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    #expect(abs(dot(forward, y) - dot(x, back)) < 1e-5 * Double(x.count).squareRoot())
  }

  @Test("The adjoint of a large warp does not depend on the number of threads")
  func threads() {
    let shape = VoxelShape(128, 128, 80)
    let warp = LinearWarp(drawn(4, shape: shape).displacementField())
    let gradient = noise(shape, 3)
    func adjoint() -> [Float] {
      var result = [Float](repeating: 0, count: gradient.count)
      gradient.withUnsafeBufferPointer { gradient in
        result.withUnsafeMutableBufferPointer {
          warp.applyAdjoint(gradient.baseAddress!, addingTo: $0.baseAddress!)
        }
      }
      return result
    }
    let isSame = Parallel.withThreads(1, adjoint) == Parallel.withThreads(5, adjoint)
    #expect(isSame)
  }

  @Test("A linear image is warped to its value at the moved place, whatever the channel")
  func linearImage() {
    let field = drawn(1).displacementField()
    let warp = LinearWarp(field)
    let shape = Self.shape
    var ramp = [Float](repeating: 0, count: shape.count)
    for voxel in ramp.indices {
      ramp[voxel] = Float(voxel % 48) + 2 * Float(voxel / 48 % 40) - Float(voxel / 1920)
    }
    let warped = warp(ramp)
    for voxel in ramp.indices {
      let u = SIMD3(field.x[voxel], field.y[voxel], field.z[voxel])
      #expect(abs(warped[voxel] - ramp[voxel] - (u * [1, 2, -1]).sum()) < 2e-4)
    }
  }

  @Test("A deformation survives JSON, and the same stream draws the same one")
  func codable() throws {
    let deformation = drawn(9)
    #expect(deformation == drawn(9) && deformation != drawn(10))
    let read = try JSONDecoder().decode(ElasticDeformation.self, from: JSONEncoder().encode(deformation))
    #expect(read == deformation)
  }

  @Test("Images too small for a free knot, and single voxels, stay as they are", arguments: [1, 2, 5])
  func tiny(side: Int) {
    let shape = VoxelShape(side, side, side)
    let input = noise(shape, 7)
    #expect(LinearWarp(drawn(0, shape: shape).displacementField())(input) == input)
  }
}

@Suite("Deformation of DS6's code")
struct LegacyDS6DeformationTests {
  @Test("Magnitudes are those reported for it: a few hundredths to tenths of a voxel")
  func magnitude() {
    let shape = VoxelShape(64, 64, 64)
    for index in 0..<3 {
      var stream = RandomStream(seed: 1, purpose: "legacy", indices: index)
      let deformation = LegacyDS6Deformation.random(shape: shape, using: &stream)
      let rms = deformation.displacement().rootMeanSquare * 32
      #expect(rms > 0.03 && rms < 0.2)
    }
  }

  @Test("A zero field magnifies by 64/63 and mixes the faces with zeros, as the original sampler does")
  func mismatch() {
    let shape = VoxelShape(64, 64, 64)
    let knots = [SIMD3<Float>](repeating: .zero, count: 15 * 15 * 15)
    let warp = LegacyDS6Deformation(shape: shape, knotSpacing: 5, knots: knots).warp()
    let constant = warp([Float](repeating: 1, count: shape.count))
    #expect(constant[shape.index(32, 32, 32)] == 1)
    #expect(abs(constant[shape.index(0, 0, 0)] - 0.125) < 1e-5)
    let ramp = warp((0..<shape.count).map { Float($0 % 64) })
    let moved: Float = 40 * 64 / 63 - 0.5
    #expect(abs(ramp[shape.index(40, 30, 30)] - moved) < 1e-4)
  }
}

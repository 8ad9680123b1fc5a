import ImageAnalysis
import Imaging
import TestSupport
import Testing

@Suite("Reorientation and resampling")
struct GeometryTests {
  /// An oblique grid whose axes run posterior, inferior, left.
  static let affine = Affine(
    rows: [0.1, 0.02, -1.9, 40], [-0.7, 0.05, -0.1, 10], [0.03, -1.2, 0.05, -20])

  @Test("Every voxel keeps its value and its place in the world")
  func canonical() throws {
    let image = Phantom.wave(VoxelShape(7, 5, 4), affine: Self.affine)
    #expect(image.grid.axisCodes.description == "PIL")
    let canonical = image.canonicalized()
    #expect(canonical.grid.axisCodes.description == "RAS")
    #expect(canonical.shape == VoxelShape(4, 7, 5))
    let inverse = try #require(image.grid.affine.inverse)
    for k in 0..<5 {
      for j in 0..<7 {
        for i in 0..<4 {
          let source = inverse(canonical.grid.affine([Double(i), Double(j), Double(k)]))
          let (x, y, z) = (source.x.rounded(), source.y.rounded(), source.z.rounded())
          #expect(abs(source.x - x) + abs(source.y - y) + abs(source.z - z) < 1e-9)
          #expect(canonical[i, j, k] == image[Int(x), Int(y), Int(z)])
        }
      }
    }
    let back = canonical.reoriented(to: image.grid.axisCodes)
    #expect(back.voxels == image.voxels && back.shape == image.shape)
    #expect(back.grid.affine.largestDisplacement(from: image.grid.affine, over: image.shape) < 1e-12)
  }

  @Test("Cropping keeps places in the world")
  func cropping() {
    let image = Phantom.wave(VoxelShape(7, 5, 4), affine: Self.affine)
    let crop = image.cropped(to: VoxelBox(x: 2..<6, y: 1..<5, z: 3..<4))
    #expect(crop[1, 2, 0] == image[3, 3, 3])
    let difference = crop.grid.affine([1, 2, 0]) - image.grid.affine([3, 3, 3])
    #expect((difference * difference).sum() < 1e-20)
  }

  @Test("Resampling to the own grid, spelled differently, is the identity", arguments: Interpolation.allCases)
  func identity(interpolation: Interpolation) {
    let image = Phantom.wave(VoxelShape(9, 8, 7), affine: Self.affine)
    var grid = image.grid
    grid.affine.rows[0].w += 1e-10
    let same = image.resampled(to: grid, interpolation: interpolation, outside: -99)
    for (a, b) in zip(same.voxels, image.voxels) { #expect(abs(a - b) < 1e-6) }
  }

  @Test("Linear functions are reproduced exactly, also between flipped and oblique grids")
  func linearFunctions() {
    func plane(_ p: SIMD3<Double>) -> Float { Float(0.3 * p.x - 0.2 * p.y + 0.15 * p.z + 4) }
    func image(_ shape: VoxelShape, _ affine: Affine) -> Volume<Float> {
      Phantom.volume(shape, affine: affine) { plane(affine([Double($0), Double($1), Double($2)])) }
    }
    let source = image(VoxelShape(30, 28, 26), Affine(spacing: [1, 1.1, 1.2]))
    let turned = Affine(
      rows: [-0.6, 0.2, 0.1, 20], [0.1, 0.5, -0.2, 8], [-0.1, -0.2, -0.7, 22])
    let target = VoxelGrid(shape: VoxelShape(14, 13, 12), affine: turned)
    let exact = image(target.shape, turned)
    for interpolation in [Interpolation.linear, .cubic] {
      let resampled = source.resampled(to: target, interpolation: interpolation, outside: .nan)
      for (a, b) in zip(resampled.voxels, exact.voxels) { #expect(abs(a - b) < 2e-5) }
    }
  }

  @Test("Beyond the outermost voxels' own extent lies the outside value")
  func outside() {
    let image = Volume<Float>(grid: VoxelGrid(shape: VoxelShape(2, 1, 1)), voxels: [3, 5])
    let line = VoxelGrid(
      shape: VoxelShape(9, 1, 1), affine: Affine(spacing: [0.5, 1, 1], origin: [-1.25, 0, 0]))
    // Positions −1.25, −0.75, −0.25, 0.25, 0.75, 1.25, 1.75, …: half a voxel around 0 and 1 is inside.
    #expect(
      image.resampled(to: line, interpolation: .nearest, outside: -1).voxels == [
        -1, -1, 3, 3, 5, 5, -1, -1, -1,
      ])
    #expect(
      image.resampled(to: line, interpolation: .linear, outside: -1).voxels == [
        -1, -1, 3, 3.5, 4.5, 5, -1, -1, -1,
      ])
  }

  @Test("Labels are never blended")
  func labels() {
    let labels = Phantom.noise(VoxelShape(8, 8, 8), salt: 4).map { Int32($0 % 3) * 1000 }
    let fine = VoxelGrid(shape: VoxelShape(20, 20, 20), affine: Affine(spacing: [0.37, 0.37, 0.37]))
    let resampled = labels.resampledNearest(to: fine, outside: 0)
    #expect(Set(resampled.voxels).isSubset(of: [0, 1000, 2000]))
    #expect(resampled[19, 19, 19] == labels[7, 7, 7])
  }
}

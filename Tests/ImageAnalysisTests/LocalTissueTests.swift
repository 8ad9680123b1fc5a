import ImageAnalysis
import Imaging
import Testing

@Suite("Contrast to the tissue around a voxel")
struct LocalTissueTests {
  private let shape = VoxelShape(15, 15, 15)

  @Test("By hand: a chequered image, its mask and what lies beside that left out")
  func contrast() throws {
    let grid = VoxelGrid(shape: shape)
    var mask = Mask(grid: grid, filledWith: 0)
    mask[7, 7, 7] = 1
    var voxels = (0..<shape.count).map { Float(($0 % 15 + $0 / 15 % 15 + $0 / 225) % 2 == 0 ? 8 : 12) }
    let place = shape.index(7, 7, 7)
    // What lies up to two voxels from the mask does not count.
    for (i, j, k) in [(7, 7, 7), (8, 7, 7), (9, 9, 9)] { voxels[shape.index(i, j, k)] = 1000 }
    let tissue = LocalTissue(around: mask)
    #expect(!tissue.contains(place) && !tissue.contains(shape.index(9, 9, 9)))
    #expect(tissue.contains(shape.index(10, 7, 7)))
    // 11³ voxels less 5³: as many of 8 as of 12, so mean 10 and deviation 2.
    let contrast = try #require(voxels.withUnsafeBufferPointer { tissue.contrast(of: 30, at: place, in: $0) })
    #expect(abs(contrast - 10) < 0.01)
  }

  @Test("Nil where the tissue is constant or hardly there")
  func none() {
    let grid = VoxelGrid(shape: shape)
    let voxels = [Float](repeating: 3, count: shape.count)
    let nothing = LocalTissue(around: Mask(grid: grid, filledWith: 0))
    #expect(voxels.withUnsafeBufferPointer { nothing.contrast(of: 5, at: 0, in: $0) } == nil)
    let all = LocalTissue(around: Mask(grid: grid, filledWith: 1))
    #expect(voxels.withUnsafeBufferPointer { all.contrast(of: 5, at: 0, in: $0) } == nil)
  }
}

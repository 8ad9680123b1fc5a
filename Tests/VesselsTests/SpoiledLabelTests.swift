import ImageAnalysis
import Imaging
import Testing
import Vessels

@Suite("Spoiled labels")
struct SpoiledLabelTests {
  private let sample = RandomSyntheticAngiography(shape: VoxelShape(48, 48, 48)).draw(seed: 2, index: 7)
    .make()

  @Test("Without missing vessels and border noise the label stays as it is")
  func clean() {
    var spoiled = SpoiledLabel()
    (spoiled.missing, spoiled.borderNoise) = (0, 0)
    #expect(spoiled(sample, seed: 1).voxels == sample.all.voxels)
  }

  @Test("Small vessels lose about the share asked for, the others nothing but border")
  func missing() {
    var spoiled = SpoiledLabel()
    spoiled.borderNoise = 0
    (spoiled.missing, spoiled.size) = (0.5, 4)
    let result = spoiled(sample, seed: 3)
    var (small, kept, others) = (0, 0, 0)
    for (voxel, radius) in sample.radius.voxels.enumerated() where sample.all.voxels[voxel] == 1 {
      if radius > 0, radius < spoiled.smallRadius {
        small += 1
        kept += Int(result.voxels[voxel])
      } else if result.voxels[voxel] == 0 {
        others += 1
      }
    }
    #expect(small > 100 && others == 0)
    #expect((0.25...0.75).contains(Double(kept) / Double(small)), "\(kept) of \(small)")
    #expect(spoiled(sample, seed: 3).voxels == result.voxels)
  }

  @Test("Border noise moves the border by one voxel and no further")
  func border() {
    var spoiled = SpoiledLabel()
    spoiled.missing = 0
    let result = spoiled(sample, seed: 5)
    let (wider, narrower) = (
      sample.all.dilated(by: .cross(radius: 1)), sample.all.eroded(by: .cross(radius: 1))
    )
    #expect(result.voxels != sample.all.voxels)
    for voxel in result.voxels.indices {
      #expect(result.voxels[voxel] <= wider.voxels[voxel] && result.voxels[voxel] >= narrower.voxels[voxel])
    }
  }
}

import Imaging
import Testing
import Vessels

@Suite("Synthetic heads")
struct RandomHeadTests {
  @Test("The large arteries are painted from the circle of Willis on, and the head fills the image")
  func anatomy() {
    let angiography = RandomHead(shape: VoxelShape(96, 112, 90), spacing: 1.8).draw(seed: 4, index: 0)
    #expect(angiography.arteries.count == 13)
    let sample = angiography.make()
    #expect(sample.all.withVoxels { $0.reduce(0) { $0 + Int($1) } } > 1500)
    for artery in angiography.arteries {
      // A thin artery between voxel centres may cover each only in part.
      let place = artery.sample(at: 0.5).position
      let (i, j, k) = (Int(place.x.rounded()), Int(place.y.rounded()), Int(place.z.rounded()))
      guard sample.image.shape.contains(i, j, k) else { continue }
      #expect(sample.partialVolume[i, j, k] > 0.1)
    }
    #expect(sample.image[0, 0, 89] < 0.2 && sample.image[48, 56, 50] > 0.1)
  }

  @Test("Small volumes are crops around the circle of Willis, at least one artery in each", arguments: 0..<3)
  func crop(index: Int) {
    let sample = RandomHead(shape: VoxelShape(96, 96, 64)).draw(seed: 1, index: index).make()
    #expect(sample.all.withVoxels { $0.reduce(0) { $0 + Int($1) } } > 1500)
  }
}

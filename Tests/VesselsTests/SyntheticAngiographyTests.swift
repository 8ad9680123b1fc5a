import Foundation
import Imaging
import Numerics
import TestSupport
import Testing
import Vessels

@Suite("Synthetic angiographies")
struct SyntheticAngiographyTests {
  static let domain = RandomSyntheticAngiography(shape: VoxelShape(64, 64, 64))

  @Test("Equal seeds make equal images, other numbers other images")
  func reproducible() {
    let first = Self.domain.draw(seed: 3, index: 5).make()
    let second = Self.domain.draw(seed: 3, index: 5).make()
    #expect(first.image == second.image && first.all == second.all && first.bright == second.bright)
    #expect(first.image != Self.domain.draw(seed: 3, index: 6).make().image)
    #expect(first.image != Self.domain.draw(seed: 4, index: 5).make().image)
  }

  @Test("An angiography makes the same image after a round trip through JSON", arguments: 0..<4)
  func codable(index: Int) throws {
    let drawn = Self.domain.draw(seed: 8, index: index)
    let read = try JSONDecoder().decode(SyntheticAngiography.self, from: JSONEncoder().encode(drawn))
    #expect(read == drawn)
    #expect(read.make().image == drawn.make().image)
  }

  @Test("A whole volume does not depend on the number of threads")
  func threads() {
    let angiography = RandomSyntheticAngiography(shape: VoxelShape(128, 96, 96)).draw(seed: 2, index: 1)
    let alone = Parallel.withThreads(1) { angiography.make() }
    let shared = Parallel.withThreads(3) { angiography.make() }
    #expect(alone.image == shared.image && alone.partialVolume == shared.partialVolume)
    #expect(alone.all == shared.all && alone.bright == shared.bright)
  }

  @Test("Images are finite and not negative, truth lies in [0, 1], labels are 0 or 1", arguments: 0..<24)
  func ranges(index: Int) {
    let sample = Self.domain.draw(seed: 11, index: index).make()
    #expect(sample.image.withVoxels { $0.allSatisfy { $0.isFinite && $0 >= 0 } })
    #expect(sample.partialVolume.withVoxels { $0.allSatisfy { (0...1).contains($0) } })
    for convention in LabelConvention.allCases {
      #expect(sample.label(convention).withVoxels { $0.allSatisfy { $0 <= 1 } })
    }
    let touched = zip(sample.partialVolume.withVoxels(Array.init), sample.radius.withVoxels(Array.init))
    #expect(touched.allSatisfy { ($0 > 0) == ($1 > 0) })
  }

  @Test("A patch without trees has empty labels")
  func empty() {
    var domain = Self.domain
    domain.emptyProbability = 1
    let sample = domain.draw(seed: 1, index: 0).make()
    #expect(sample.partialVolume.withVoxels { $0.allSatisfy { $0 == 0 } })
    #expect(sample.all.withVoxels { $0.allSatisfy { $0 == 0 } })
    #expect(sample.bright.withVoxels { $0.allSatisfy { $0 == 0 } })
  }

  @Test("Labelled vessels are brighter than their surroundings by more than the noise", arguments: 0..<12)
  func visible(index: Int) {
    var angiography = Self.domain.draw(seed: 21, index: index)
    angiography.acquisition.isClipped = false
    angiography.acquisition.gamma = 1
    angiography.acquisition.isEightBit = false
    angiography.acquisition.ghost = nil
    let withVessels = angiography.make()
    angiography.roots = []
    angiography.sinuses = []
    let without = angiography.make()
    // The noise is the same in both images, so what the vessels add is seen exactly (Rician noise aside).
    let (a, b) = (withVessels.image.withVoxels(Array.init), without.image.withVoxels(Array.init))
    let label = withVessels.all.withVoxels(Array.init)
    let added = label.indices.filter { label[$0] == 1 }.map { Double(a[$0] - b[$0]) }
    guard added.count > 30 else { return }
    let mean = added.reduce(0, +) / Double(added.count)
    #expect(mean > 2.3 * Double(angiography.acquisition.noise))
  }

  @Test("Bright labels lie where the image without noise nears its maximum")
  func bright() throws {
    var found = 0
    for index in 0..<12 {
      var angiography = Self.domain.draw(seed: 5, index: index)
      angiography.acquisition.noise = 0
      angiography.acquisition.gamma = 1
      angiography.acquisition.isEightBit = false
      angiography.acquisition.ghost = nil
      let sample = angiography.make()
      let (image, label) = (sample.image.withVoxels(Array.init), sample.bright.withVoxels(Array.init))
      for voxel in label.indices where label[voxel] == 1 {
        #expect(image[voxel] >= 0.8399)
        found += 1
      }
    }
    #expect(found > 100)
  }
}

import Foundation
import ImageAnalysis
import Imaging
import Numerics
import Testing
import Vessels

@Suite("Patch augmentation")
struct PatchAugmentationTests {
  static let shape = VoxelShape(24, 24, 24)

  private func noise() -> [Float] {
    var stream = RandomStream(seed: 3, purpose: "augmentation test")
    return (0..<Self.shape.count).map { _ in stream.uniform() }
  }

  @Test("Drawn augmentations replay exactly from JSON and stay finite", arguments: 0..<12)
  func replay(index: Int) throws {
    var stream = RandomStream(seed: 1, purpose: "augmentations", indices: index)
    let drawn = RandomPatchAugmentation().draw(shape: Self.shape, using: &stream)
    let read = try JSONDecoder().decode(PatchAugmentation.self, from: JSONEncoder().encode(drawn))
    #expect(read == drawn)
    let image = noise()
    let changed = drawn.applied(toImage: image, shape: Self.shape)
    #expect(changed == read.applied(toImage: image, shape: Self.shape))
    #expect(changed.count == image.count && changed.allSatisfy { $0.isFinite })
  }

  @Test("Nothing asked, nothing changed")
  func none() {
    let image = noise()
    #expect(PatchAugmentation.none.applied(toImage: image, shape: Self.shape) == image)
  }

  @Test("Turns permute voxels: image and label alike")
  func turns() {
    var augmentation = PatchAugmentation()
    augmentation.axes = [2, 0, 1]
    augmentation.flips = [true, false, true]
    let image = noise()
    let turned = augmentation.applied(toImage: image, shape: Self.shape)
    #expect(turned.sorted() == image.sorted() && turned != image)
    #expect(turned == augmentation.applied(toLabel: image, shape: Self.shape))
    // Axis x is taken from z backwards, y from x, z from y backwards.
    #expect(turned[Self.shape.index(1, 2, 3)] == image[Self.shape.index(2, 20, 22)])
  }

  @Test("Zooming in twice as far doubles distances from the middle")
  func zoom() {
    var augmentation = PatchAugmentation()
    augmentation.zoom = 2
    let ramp = (0..<Self.shape.count).map { Float($0 % 24) }
    let zoomed = augmentation.applied(toLabel: ramp, shape: Self.shape)
    for i in 0..<24 {
      let source: Float = 11.5 + (Float(i) - 11.5) / 2
      #expect(abs(zoomed[Self.shape.index(i, 5, 7)] - source) < 1e-4)
    }
  }

  @Test("Low resolution keeps constants and the mean, and removes what is finer than it")
  func coarse() {
    var augmentation = PatchAugmentation()
    augmentation.coarseness = [1, 2, 1]
    let constant = [Float](repeating: 0.4, count: Self.shape.count)
    let same = augmentation.applied(toImage: constant, shape: Self.shape)
    #expect(same.allSatisfy { abs($0 - 0.4) < 1e-5 })
    let stripes = (0..<Self.shape.count).map { Float($0 / 24 % 2) }
    let blurred = augmentation.applied(toImage: stripes, shape: Self.shape)
    #expect(blurred.allSatisfy { abs($0 - 0.5) < 0.1 })
  }
}

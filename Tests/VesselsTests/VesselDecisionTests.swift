import Imaging
import Numerics
import Testing
import Vessels

@Suite("From probabilities to vessels")
struct VesselDecisionTests {
  private let grid = VoxelGrid(shape: VoxelShape(12, 1, 1))
  private func volume(_ values: [Float]) -> Volume<Float> { Volume(grid: grid, voxels: values) }

  @Test("Thresholds, hysteresis and components by hand")
  func thresholds() {
    let p = volume([0.6, 0.3, 0.1, 0.3, 0.3, 0, 0.5, 0, 0, 0.9, 0.9, 0.9])
    #expect(VesselDecision(high: 0.5)(p, image: nil).voxels == [1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1])
    var decision = VesselDecision(high: 0.5)
    decision.lowShare = 0.5
    #expect(decision(p, image: nil).voxels == [1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1])
    decision.smallestComponent = 2
    #expect(decision(p, image: nil).voxels == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
  }

  @Test("Of small components those stay that stand out from the tissue around them")
  func clearComponents() {
    let shape = VoxelShape(40, 20, 20)
    var stream = RandomStream(seed: 5, purpose: "tissue")
    var image = Volume<Float>(
      grid: VoxelGrid(shape: shape), voxels: (0..<shape.count).map { _ in 100 + 10 * stream.normal() })
    var p = Volume<Float>(grid: image.grid, filledWith: 0)
    /// A rod of `length` voxels that is `contrast` standard deviations brighter than the tissue.
    func rod(_ length: Int, x: Int, y: Int, contrast: Float) {
      for i in x..<x + length {
        p[i, y, 10] = 0.9
        image[i, y, 10] = 100 + 10 * contrast
      }
    }
    rod(12, x: 2, y: 2, contrast: 5)
    rod(12, x: 22, y: 2, contrast: 1)
    rod(6, x: 2, y: 10, contrast: 5)
    rod(20, x: 15, y: 15, contrast: 0)
    var decision = VesselDecision(high: 0.5)
    decision.smallestComponent = 20
    #expect(decision(p, image: image).voxels.count { $0 != 0 } == 20)
    decision.clearComponents = .init(smallest: 10, contrast: 3)
    let mask = decision(p, image: image)
    #expect(mask.voxels.count { $0 != 0 } == 32)
    #expect(mask[2, 2, 10] == 1 && mask[22, 2, 10] == 0 && mask[2, 10, 10] == 0 && mask[15, 15, 10] == 1)
    // A limit below that of clear components leaves nothing for them to do.
    decision.smallestComponent = 7
    #expect(decision(p, image: image).voxels.count { $0 != 0 } == 44)
  }

  /// A way of growing along bright voxels, and the mask that it makes.
  private struct Growth {
    var brightness = VesselDecision.Brightness.required
    var probability: Float = 0
    var support = 0.0
    var lowShare: Float?
    let mask: [UInt8]

    func check(_ p: Volume<Float>, _ image: Volume<Float>) {
      var decision = VesselDecision(high: 0.5)
      (decision.brightness, decision.brightProbability) = (brightness, probability)
      decision.support = support
      if let lowShare { decision.lowShare = lowShare }
      #expect(decision(p, image: image).voxels == mask, "\(self)")
    }
  }

  @Test("Growth follows bright voxels from certain ones, and takes no dark voxel however certain")
  func growth() {
    let p = volume([0.9, 0.2, 0.0, 0.9, 0, 0, 0.4, 0.4, 0, 0.9, 0.05, 0.3])
    let image = volume([1, 1, 1, 0.5, 1, 0, 1, 1, 0, 1, 1, 1])
    for growth in [
      Growth(mask: [1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1]),
      Growth(probability: 0.1, mask: [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]),
      Growth(brightness: .added, probability: 0.1, mask: [1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]),
      Growth(brightness: .added, mask: [1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1]),
    ] {
      growth.check(p, image)
      // Brightness is a share of the vessels' own.
      growth.check(p, image.map { $0 * 300 })
    }
  }

  @Test("A region of bright voxels is taken with its certain ones only where these are the larger part of it")
  func support() {
    // A vessel with one doubtful voxel, and a sheet of tissue of which one voxel looks like vessel.
    let p = volume([0.9, 0.8, 0.2, 0.9, 0, 0.1, 0.1, 0.7, 0.1, 0, 0, 0])
    let image = volume([1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0])
    let vessel: [UInt8] = [1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0]
    for growth in [
      Growth(mask: [1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0]), Growth(support: 0.5, mask: vessel),
      Growth(brightness: .added, support: 0.5, mask: vessel),
      Growth(brightness: .ignored, support: 0.5, lowShare: 0.2, mask: vessel),
      Growth(brightness: .ignored, support: 0.25, lowShare: 0.2, mask: [1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0]),
    ] { growth.check(p, image) }
  }

  @Test("Depth counts from the skin, not from cavities; where the background was removed it plays no part")
  func depth() throws {
    // A ball of 60 mm with a canal of 8 mm from the face to its middle, in noisy air.
    let shape = VoxelShape(72, 72, 72)
    let grid = VoxelGrid(shape: shape, affine: Affine(spacing: [2, 2, 2]))
    var stream = RandomStream(seed: 3, purpose: "head")
    var image = Volume(grid: grid, voxels: (0..<shape.count).map { _ in stream.uniform(0.01...0.05) })
    for k in 0..<72 {
      for j in 0..<72 {
        for i in 0..<72 {
          let (x, y, z) = (2 * (Double(i) - 35.5), 2 * (Double(j) - 35.5), 2 * (Double(k) - 35.5))
          let isCanal = abs(x) < 4 && abs(z) < 4 && y < 0
          if x * x + y * y + z * z < 3600, !isCanal { image[i, j, k] += 0.5 }
        }
      }
    }
    let probability = Volume<Float>(grid: grid, filledWith: 1)
    var decision = VesselDecision(high: 0.5)
    decision.depth = 10
    let mask = decision(probability, image: image)
    #expect(mask[35, 28, 38] == 1 && mask[38, 35, 35] == 1, "beside the canal")
    #expect(mask[35, 35, 6] == 0 && mask[35, 35, 9] == 0 && mask[35, 35, 13] == 1, "below the skin")
    #expect(mask[1, 1, 1] == 0)
    let removed = image.map { $0 < 0.1 ? 0 : $0 }
    #expect(decision(probability, image: removed).voxels.allSatisfy { $0 == 1 })
  }

  @Test("Otsu's threshold takes the upper class, a constant map uses one half")
  func otsu() {
    let p = volume([0, 0.01, 0.02, 0, 0.01, 0, 0.9, 0.95, 1, 0, 0, 0])
    let decision = VesselDecision(high: nil)
    #expect(decision(p, image: nil).voxels == [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0])
    #expect(decision.threshold(for: volume([Float](repeating: 0.2, count: 12))) == 0.5)
  }
}

import Imaging
import Metrics
import Numerics
import Testing

@Suite("Overlap")
struct OverlapTests {
  static func mask(_ voxels: [UInt8]) -> Mask {
    Mask(grid: VoxelGrid(shape: VoxelShape(voxels.count, 1, 1)), voxels: voxels)
  }

  @Test("Scores of masks counted by hand")
  func byHand() {
    // 3 in the prediction, 4 in the reference, 2 in both, 1 in neither.
    let counts = OverlapCounts(
      prediction: Self.mask([1, 255, 0, 0, 0, 7]), reference: Self.mask([1, 1, 1, 9, 0, 0]))
    #expect(
      counts == OverlapCounts(truePositives: 2, falsePositives: 1, falseNegatives: 2, trueNegatives: 1))
    #expect(counts.dice == 4.0 / 7 && counts.iou == 2.0 / 5)
    #expect(counts.precision == 2.0 / 3 && counts.recall == 0.5)
    #expect(counts.volumeSimilarity == 1 - 1.0 / 7)
  }

  @Test("What an empty mask leaves undefined is nil")
  func empty() {
    let (none, some) = (Self.mask([0, 0, 0]), Self.mask([0, 1, 1]))
    let neither = OverlapCounts(prediction: none, reference: none)
    #expect(neither.dice == nil && neither.iou == nil && neither.precision == nil && neither.recall == nil)
    #expect(neither.volumeSimilarity == nil)
    let missed = OverlapCounts(prediction: none, reference: some)
    #expect(missed.dice == 0 && missed.iou == 0 && missed.precision == nil && missed.recall == 0)
    #expect(missed.volumeSimilarity == 0)
    #expect(OverlapCounts(prediction: some, reference: none).recall == nil)
  }

  @Test("Blocks of 64 and their rests count alike", arguments: [1, 63, 64, 65, 16_400, 40_001])
  func sizes(count: Int) {
    var stream = RandomStream(seed: 5, purpose: "overlap", indices: count)
    let p = (0..<count).map { _ in UInt8(stream.chance(0.4) ? 200 : 0) }
    let r = (0..<count).map { _ in UInt8(stream.chance(0.6) ? 1 : 0) }
    let counts = OverlapCounts(prediction: Self.mask(p), reference: Self.mask(r))
    let both = zip(p, r).filter { $0 != 0 && $1 != 0 }.count
    #expect(counts.truePositives == both)
    #expect(counts.predicted == p.filter { $0 != 0 }.count && counts.actual == r.filter { $0 != 0 }.count)
    #expect(counts.trueNegatives == count - counts.predicted - counts.actual + both)
  }
}

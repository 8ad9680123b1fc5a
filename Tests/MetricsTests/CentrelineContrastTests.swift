import Imaging
import Metrics
import Numerics
import Testing

@Suite("Contrast along the centreline")
struct CentrelineContrastTests {
  private let shape = VoxelShape(40, 40, 40)

  /// Noise of deviation 1 around 10, with two bars along x: at y = 10 of height `first`, at y = 30 of height `second`.
  private func image(_ first: Float, _ second: Float) -> Volume<Float> {
    var stream = RandomStream(seed: 6, purpose: "contrast")
    var image = Volume(
      grid: VoxelGrid(shape: shape), voxels: (0..<shape.count).map { _ in 10 + stream.normal() })
    for i in 0..<40 {
      for j in 9...11 {
        for k in 19...21 {
          image[i, j, k] += first
          image[i, j + 20, k] += second
        }
      }
    }
    return image
  }

  private func bar(_ rows: [ClosedRange<Int>]) -> Mask {
    var mask = Mask(grid: VoxelGrid(shape: shape), filledWith: 0)
    for row in rows { for i in 0..<40 { for j in row { for k in 19...21 { mask[i, j, k] = 1 } } } }
    return mask
  }

  @Test(
    "A bar eight deviations high is visible, one of nothing is tissue; the label's own bar does not count")
  func bars() throws {
    let mask = bar([9...11, 29...31])
    let label = bar([9...11])
    let real = CentrelineContrast(of: mask, beyond: label, in: image(8, 8))
    #expect(real.count > 30 && real.count <= 40)
    #expect(try #require(real.visibleShare) == 1)
    // The greatest of 27 normal values lies 2 deviations up.
    #expect(abs(try #require(real.median) - 10) < 0.6)
    let imagined = CentrelineContrast(of: mask, beyond: label, in: image(8, 0))
    #expect(try #require(imagined.visibleShare) < 0.15)
    #expect(abs(try #require(imagined.median) - 2) < 0.4)
    #expect(abs(try #require(imagined.tissueMedian) - 2) < 0.4)
  }

  @Test("Nothing beyond the label gives no ratio")
  func nothing() {
    let label = bar([9...11])
    let contrast = CentrelineContrast(of: label, beyond: label, in: image(8, 8))
    #expect(contrast.count == 0 && contrast.visibleShare == nil && contrast.median == nil)
    let constant = CentrelineContrast(
      of: bar([9...11, 29...31]), beyond: label,
      in: Volume(grid: VoxelGrid(shape: shape), filledWith: 1))
    #expect(constant.count == 0)
  }
}

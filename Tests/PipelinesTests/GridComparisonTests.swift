import Foundation
import Imaging
import Pipelines
import Testing

@Suite("Comparing grids")
struct GridComparisonTests {
  let shape = VoxelShape(100, 80, 60)
  var grid: VoxelGrid {
    VoxelGrid(shape: shape, affine: Affine(spacing: [0.5, 0.5, 0.8], origin: [-25, -20, -24]))
  }

  @Test("Rounding of the affine to 24 bits is no difference")
  func rounding() {
    var other = grid
    other.affine.rows = other.affine.rows.map { SIMD4<Double>(SIMD4<Float>($0)) }
    #expect(GridComparison(other, with: grid).agrees)
  }

  @Test("Another size is said with both")
  func size() {
    let other = VoxelGrid(shape: VoxelShape(100, 80, 61), affine: grid.affine)
    #expect(GridComparison(other, with: grid).differences == ["size 100×80×61 against 100×80×60"])
  }

  @Test("A shift is said with its length")
  func shift() {
    let other = VoxelGrid(shape: shape, affine: Affine(spacing: [0.5, 0.5, 0.8], origin: [-22, -16, -24]))
    #expect(
      GridComparison(other, with: grid).differences
        == ["origin (-22, -16, -24) against (-25, -20, -24) mm, 5 mm apart"])
  }

  @Test("Another spacing is said with both")
  func spacing() {
    let other = VoxelGrid(shape: shape, affine: Affine(spacing: [0.5, 0.5, 1], origin: [-25, -20, -24]))
    #expect(
      GridComparison(other, with: grid).differences == ["spacing (0.5, 0.5, 1) against (0.5, 0.5, 0.8) mm"])
  }

  @Test("A mirrored axis is a difference of direction")
  func mirror() {
    let affine = Affine(
      columns: [-0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.8], origin: [24.5, -20, -24])
    #expect(
      GridComparison(VoxelGrid(shape: shape, affine: affine), with: grid).differences == [
        "origin (24.5, -20, -24) against (-25, -20, -24) mm, 49.5 mm apart",
        "direction by 180 degrees, axes LAS against RAS",
      ])
  }
}

import Foundation
import ImageAnalysis
import Imaging
import Numerics

/// Whether what a mask holds beyond an incomplete label is really there: the local contrast-to-noise ratio of the image along
/// the mask's centreline, away from the label.
///
/// At a voxel the ratio is (the greatest intensity within one voxel of it − the mean of its surroundings) / their
/// standard deviation. Surroundings are the voxels within five voxels along each axis, at least two voxels away from the mask and the
/// label. Random tissue, too, has a greatest voxel: ``tissueMedian``.
public struct CentrelineContrast: Codable, Sendable, Equatable {
  /// Centreline voxels of the mask more than ``distance`` voxels from the label that have surroundings to compare with.
  public let count: Int
  /// The share of them whose ratio is above ``visible``; nil where there are none.
  public let visibleShare: Double?
  /// The median of their ratios; nil where there are none.
  public let median: Double?
  /// The median over as many voxels drawn from the surroundings: what chance gives.
  public let tissueMedian: Double?

  /// Voxels up to this many voxel lengths from the label belong to it.
  public static let distance = 3.0
  /// Ratios above it count as visible.
  public static let visible = 3.0

  /// The contrast of `mask` beyond `label` in `image`, all on one grid.
  public init(of mask: Mask, beyond label: Mask, in image: Volume<Float>) {
    precondition(mask.shape == image.shape && label.shape == image.shape, "one grid")
    let shape = image.shape
    // Distances are counted in voxels.
    let inVoxels = VoxelGrid(shape: shape)
    let near = Mask(grid: inVoxels, voxels: label.voxels)
      .distanceToForeground(limit: CentrelineContrast.distance + 1)
    let either = Mask(grid: inVoxels, voxels: zip(mask.voxels, label.voxels).map { $0 | $1 != 0 ? 1 : 0 })
    let tissue = LocalTissue(around: either)
    let line = mask.skeletonVoxels(.scikitImage).filter {
      !(near.voxels[$0] <= Float(CentrelineContrast.distance))
    }
    func ratios(_ places: [Int]) -> [Double] {
      image.withVoxels { voxels in
        nonisolated(unsafe) let voxels = voxels
        return Parallel.mapSlabs(of: 0..<places.count) { slab in
          slab.compactMap {
            tissue.contrast(
              of: CentrelineContrast.top(voxels, at: places[$0], shape), at: places[$0], in: voxels)
          }
        }.flatMap { $0 }.sorted()
      }
    }
    let found = ratios(line)
    count = found.count
    visibleShare =
      found.isEmpty
      ? nil : Double(found.count { $0 > CentrelineContrast.visible }) / Double(found.count)
    median = found.isEmpty ? nil : found[found.count / 2]
    // Tissue around the centreline, not air: places five voxels from it that the mask leaves out.
    var stream = RandomStream(seed: 1, purpose: "centreline contrast")
    let others = line.compactMap { place -> Int? in
      let steps = (0..<3).map { _ in stream.integer(-8...8) }
      let (i, j, k) = (
        place % shape.x + steps[0], place / shape.x % shape.y + steps[1],
        place / (shape.x * shape.y) + steps[2]
      )
      guard shape.contains(i, j, k), tissue.contains(shape.index(i, j, k)) else { return nil }
      return shape.index(i, j, k)
    }
    let chance = ratios(others)
    tissueMedian = chance.isEmpty ? nil : chance[chance.count / 2]
  }

  /// The greatest intensity within one voxel.
  private static func top(_ voxels: UnsafeBufferPointer<Float>, at place: Int, _ shape: VoxelShape) -> Double
  {
    let (x, y, z) = (place % shape.x, place / shape.x % shape.y, place / (shape.x * shape.y))
    var top = -Double.infinity
    for k in max(0, z - 1)...min(shape.z - 1, z + 1) {
      for j in max(0, y - 1)...min(shape.y - 1, y + 1) {
        for i in max(0, x - 1)...min(shape.x - 1, x + 1) {
          top = max(top, Double(voxels[shape.index(i, j, k)]))
        }
      }
    }
    return top
  }
}

import Foundation
import Imaging

/// How the published program cuts a patient to its grid, for the compat scheme.
///
/// Tumour box plus a quarter of its extent on each side, by voxel index, voxels taken as 1 mm, end-point zoom, linear for
/// tissue and nearest for labels and PET. Unlike the program, the box is clamped to the image (its negative
/// indices give an empty or wrong array).
public struct PublishedPreparation: Sendable {
  /// The problem on the program's grid; lengths are in voxels of the input.
  public let problem: GrowthProblem
  /// First voxel of the crop along each axis.
  public let cropOrigin: SIMD3<Int>
  /// Voxels of the crop along each axis.
  public let cropShape: VoxelShape
  /// Centre of mass of the core, in voxel indices of the crop; the centre of all labels where there is no core.
  public let coreCenter: SIMD3<Double>

  /// Cut `segmentation`, `white`, `gray` and `pet` (all with the same voxels, already normalised) to `cells` cells and
  /// `slices` slices of `duration` days. Nil where the segmentation holds no tumour.
  public init?(
    segmentation: TumorSegmentation, white: Volume<Float>, gray: Volume<Float>, pet: Volume<Float>?,
    slices: Int, cells: VoxelShape, duration: Double = 100, lambda: Double = 1,
    scheme: DiffusionScheme = .compat
  ) {
    let shape = segmentation.shape
    precondition(white.shape == shape && gray.shape == shape && (pet.map { $0.shape == shape } ?? true))
    var (lower, upper) = (SIMD3(repeating: Int.max), SIMD3(repeating: Int.min))
    forEachCell(shape) { cell, p in
      guard segmentation.voxels[cell] > 0 else { return }
      lower = pointwiseMin(lower, p)
      upper = pointwiseMax(upper, p &+ 1)
    }
    guard upper.x > lower.x else { return nil }
    var crop = VoxelShape(0, 0, 0)
    var origin = SIMD3<Int>.zero
    for axis in 0..<3 {
      let half = Double(upper[axis] - lower[axis]) / 2
      let first = max(Int((Double(lower[axis]) - 0.5 * half).rounded(.up)), 0)
      let end = min(Int((Double(upper[axis]) + 0.5 * half).rounded(.up)), shape[axis])
      origin[axis] = first
      crop[axis] = end - first
    }
    func cut<Value>(_ values: [Value]) -> [Value] {
      var result: [Value] = []
      result.reserveCapacity(crop.count)
      forEachCell(crop) { _, p in
        result.append(values[shape.index(p.x + origin.x, p.y + origin.y, p.z + origin.z)])
      }
      return result
    }
    let labels = cut(segmentation.lossLabels)
    func center(_ include: (UInt8) -> Bool) -> SIMD3<Double>? {
      var (sum, count) = (SIMD3<Double>.zero, 0.0)
      forEachCell(crop) { cell, p in
        guard include(labels[cell]) else { return }
        sum += SIMD3(Double(p.x), Double(p.y), Double(p.z))
        count += 1
      }
      return count > 0 ? sum / count : nil
    }
    guard let middle = center({ $0 == 2 }) ?? center({ $0 > 0 }) else { return nil }
    func clipped(_ values: [Float]) -> [Float] { values.map { max($0, 0) } }
    let tissue = Tissue(
      white: clipped(EndPointZoom.linear(cut(white.voxels), crop, to: cells)),
      gray: clipped(EndPointZoom.linear(cut(gray.voxels), crop, to: cells)))
    let observation = Observation(
      labels: EndPointZoom.nearest(labels, crop, to: cells),
      pet: pet.map { clipped(EndPointZoom.nearest(cut($0.voxels), crop, to: cells)) })
    let spacing = SIMD3(
      Double(crop.x) / Double(cells.x), Double(crop.y) / Double(cells.y), Double(crop.z) / Double(cells.z))
    problem = GrowthProblem(
      grid: SpaceTimeGrid(slices: slices, shape: cells, spacing: spacing, duration: duration),
      tissue: tissue, observation: observation, scheme: scheme, blob: InitialBlob(),
      weights: LossWeights(hasPET: pet != nil, lambda: lambda))
    cropOrigin = origin
    cropShape = crop
    coreCenter = middle
  }

  /// The blob around `coreCenter`, sampled at the voxels of the crop and zoomed to the grid, as the program seeds.
  package func seedBlob() -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(cropShape.count)
    forEachCell(cropShape) { _, p in
      let position = SIMD3(Double(p.x), Double(p.y), Double(p.z))
      values.append(Float(problem.blob.density(at: position, focus: coreCenter)))
    }
    return EndPointZoom.linear(values, cropShape, to: problem.grid.shape)
  }
}

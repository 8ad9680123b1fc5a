import Foundation
import ImageAnalysis
import Imaging
import Numerics

/// A patient brought to a growth grid of cubic cells around the tumour.
///
/// The box is the tumour's, along the axes of the segmentation, with a margin of a quarter of its extent but at least
/// 20 mm on each side (the published quarter alone leaves no room for a 15 mm plan around a small tumour). All lengths are in
/// millimetres through the affine. Cells outside the image or the brain hold no matter, so nothing flows there.
public struct PatientGrid: Sendable {
  /// The inverse problem.
  public let problem: GrowthProblem
  /// The placement of the cells in the world.
  public let cells: VoxelGrid
  /// The grid of the patient's images.
  public let image: VoxelGrid
  /// Tumour voxels without white or grey matter that were opened to growth.
  public let filledVoxels: Int
  /// Centres of the core's parts, or of the whole tumour where it has no core, largest first, in mm from the box corner.
  public let components: [SIMD3<Double>]
  /// Cell centres of the core (of the whole tumour without a core), in mm from the box corner.
  public let coreCells: [SIMD3<Double>]

  /// Least margin around the tumour, in mm.
  public static let margin = 20.0
  /// Weight of PET unless given: that of the intervals.
  public static let petWeight = 12.0

  /// Cut `patient` to `count` cells along each axis and `slices` slices of `duration` days; PET, if there is one, weighs
  /// `petWeight`.
  public init(
    _ patient: Patient, slices: Int, count: Int, duration: Double = 100, lambda: Double = 1,
    petWeight: Double = PatientGrid.petWeight
  ) {
    let shape = patient.segmentation.shape
    let spacing = patient.segmentation.grid.spacing
    let regions = patient.segmentation.voxels
    var (lower, upper) = (SIMD3(repeating: Int.max), SIMD3(repeating: Int.min))
    forEachCell(shape) { cell, p in
      guard regions[cell] > 0 else { return }
      lower = pointwiseMin(lower, p)
      upper = pointwiseMax(upper, p &+ 1)
    }
    precondition(upper.x > lower.x, "a patient has a tumour")
    var (side, middle) = (0.0, SIMD3<Double>.zero)
    for axis in 0..<3 {
      let extent = Double(upper[axis] - lower[axis]) * spacing[axis]
      side = max(side, extent + 2 * max(0.25 * extent, PatientGrid.margin))
      middle[axis] = Double(upper[axis] + lower[axis]) / 2
    }
    let h = side / Double(count)
    // Voxel coordinate (centres at whole numbers) of a point `mm` from the box corner.
    let corner = middle - 0.5 - 0.5 * side / spacing
    let gridShape = VoxelShape(count, count, count)
    func voxelCoordinate(_ cell: SIMD3<Double>) -> SIMD3<Double> { corner + (cell + 0.5) * h / spacing }
    let first = voxelCoordinate(.zero)
    let columns = (0..<3).map { patient.segmentation.grid.affine.column($0) * (h / spacing[$0]) }
    cells = VoxelGrid(
      shape: gridShape,
      affine: Affine(
        columns: columns[0], columns[1], columns[2], origin: patient.segmentation.grid.affine(first)))
    image = patient.segmentation.grid

    // Averages over points spread evenly in each cell, at least one a voxel.
    let parts = (0..<3).map { axis in
      let points = min(max(Int((h / spacing[axis]).rounded(.up)), 1), 5)
      return (0..<count).map { cell in
        (0..<points).map { point -> Int in
          let offset = (Double(point) + 0.5) / Double(points) - 0.5
          return Int(voxelCoordinate(SIMD3(repeating: Double(cell) + offset))[axis].rounded())
        }
      }
    }
    var tissue = Tissue(
      white: Array(repeating: 0, count: gridShape.count), gray: Array(repeating: 0, count: gridShape.count))
    var labels = Array(repeating: UInt8(0), count: gridShape.count)
    var pet = Array(repeating: Float(0), count: gridShape.count)
    var takesUp = Array(repeating: false, count: gridShape.count)
    var filled = 0
    forEachCell(gridShape) { cell, p in
      var (white, gray, points): (Float, Float, Float) = (0, 0, 0)
      var votes = [0, 0, 0]
      var (uptake, uptakePoints): (Float, Float) = (0, 0)
      var inUptake = 0
      for k in parts[2][p.z] {
        for j in parts[1][p.y] {
          for i in parts[0][p.x] {
            points += 1
            guard shape.contains(i, j, k) else {
              votes[0] += 1
              continue
            }
            let voxel = shape.index(i, j, k)
            let label = Int(min(regions[voxel], 2))
            votes[label] += 1
            if TumorRegion.takesUpTracer(regions[voxel]) { inUptake += 1 }
            let (w, g) = (patient.white.voxels[voxel], patient.gray.voxels[voxel])
            if label > 0, w + g < Tissue.matterThreshold {
              // Tumour where the atlas has fluid: the tumour has displaced it, growth goes on as in white matter.
              white += 1
              filled += 1
            } else {
              white += w
              gray += g
            }
            if let image = patient.pet, image.voxels[voxel] > 0 {
              uptake += image.voxels[voxel]
              uptakePoints += 1
            }
          }
        }
      }
      tissue.white[cell] = white / points
      tissue.gray[cell] = gray / points
      labels[cell] = UInt8(votes[2] * 2 >= Int(points) ? 2 : (votes[1] + votes[2]) * 2 >= Int(points) ? 1 : 0)
      if uptakePoints > 0 { pet[cell] = uptake / uptakePoints }
      takesUp[cell] = 2 * inUptake >= Int(points)
    }
    filledVoxels = filled
    let hasCore = labels.contains(2)
    if !hasCore, !labels.contains(1) {
      // A lesion smaller than a cell still has a centre.
      let center = Int((Double(count) / 2).rounded(.down))
      labels[gridShape.index(center, center, center)] = regions.contains { $0 >= 2 } ? 2 : 1
    }
    let seen: UInt8 = labels.contains(2) ? 2 : 1
    var volume = 0
    var centers: [SIMD3<Double>] = []
    let grid = SpaceTimeGrid(slices: slices, shape: gridShape, spacing: [h, h, h], duration: duration)
    forEachCell(gridShape) { cell, p in
      guard labels[cell] == seen else { return }
      volume += 1
      centers.append(grid.center(p.x, p.y, p.z))
    }
    coreCells = centers
    components = PatientGrid.componentCenters(labels, seen, cells, grid)
    // A blob larger than the lesion cannot be its beginning: shrink it to the core's equivalent radius.
    let radius = cbrt(3 * Double(volume) * h * h * h / (4 * Double.pi))
    let published = InitialBlob()
    let ratio = min(max(0.8 * radius, 1.5 * h) / published.radius, 1)
    let seenUptake = PETResolution(grid: cells).uptake(pet, where: takesUp)
    var observation = Observation(labels: labels, pet: patient.pet == nil ? nil : seenUptake)
    observation.borders = PatientGrid.borders(regions, patient.segmentation.grid, lower, upper, corner)
    problem = GrowthProblem(
      grid: grid, tissue: tissue, observation: observation,
      scheme: .correct, blob: InitialBlob(squaredWidth: 60 * ratio * ratio),
      weights: LossWeights(pet: patient.pet == nil ? 0 : petWeight, lambda: lambda))
  }

  /// The voxels with a neighbour of another label; `corner` is the voxel coordinate of the box corner.
  private static func borders(
    _ regions: [UInt8], _ grid: VoxelGrid, _ lower: SIMD3<Int>, _ upper: SIMD3<Int>, _ corner: SIMD3<Double>
  ) -> [Observation.BorderVoxel] {
    let shape = grid.shape
    var result: [Observation.BorderVoxel] = []
    for k in max(lower.z - 1, 0)..<min(upper.z + 1, shape.z) {
      for j in max(lower.y - 1, 0)..<min(upper.y + 1, shape.y) {
        for i in max(lower.x - 1, 0)..<min(upper.x + 1, shape.x) {
          let label = min(regions[shape.index(i, j, k)], 2)
          var isBorder = false
          for axis in 0..<3 {
            for step in [-1, 1] {
              var q = SIMD3(i, j, k)
              q[axis] += step
              guard shape.contains(q.x, q.y, q.z) else { continue }
              if min(regions[shape.index(q.x, q.y, q.z)], 2) != label { isBorder = true }
            }
          }
          guard isBorder else { continue }
          let position = (SIMD3(Double(i), Double(j), Double(k)) - corner) * grid.spacing
          result.append(
            .init(position: SIMD3<Float>(position), label: label, volume: Float(grid.voxelVolume)))
        }
      }
    }
    return result
  }

  private static func componentCenters(
    _ labels: [UInt8], _ seen: UInt8, _ cells: VoxelGrid, _ grid: SpaceTimeGrid
  ) -> [SIMD3<Double>] {
    let mask = Mask(grid: cells, voxels: labels.map { $0 == seen ? 1 : 0 })
    let components = mask.connectedComponents(.twentySix)
    let map = components.labelMap()
    var sums = Array(repeating: SIMD3<Double>.zero, count: components.count + 1)
    var counts = Array(repeating: 0.0, count: components.count + 1)
    forEachCell(cells.shape) { cell, p in
      let index = Int(map.voxels[cell])
      guard index > 0, index < sums.count else { return }
      sums[index] += grid.center(p.x, p.y, p.z)
      counts[index] += 1
    }
    let largest = counts.max() ?? 0
    let kept = (1..<max(sums.count, 1)).filter {
      counts[$0] >= max(0.05 * largest, 4) || counts[$0] == largest
    }
    return kept.sorted { counts[$0] > counts[$1] }.map { sums[$0] / counts[$0] }
  }

  /// The density `cells` (one value a cell) on the patient's voxels: linear between the cells that hold matter, 0 outside
  /// the box, outside `brain` and where no neighbouring cell holds matter.
  public func density(_ values: [Float], brain: Mask) -> Volume<Float> {
    let tissue = problem.tissue
    let shape = cells.shape
    let matter = (0..<shape.count).map { tissue.isMatter($0) ? Float(1) : 0 }
    guard let toCells = cells.affine.inverse else { return Volume(grid: image, filledWith: 0) }
    let map = toCells * image.affine
    return Volume(grid: image) { buffer in
      nonisolated(unsafe) let out = buffer
      let imageShape = image.shape
      Parallel.forEachSlab(of: 0..<imageShape.z) { slab in
        for k in slab {
          for j in 0..<imageShape.y {
            for i in 0..<imageShape.x {
              let voxel = imageShape.index(i, j, k)
              out[voxel] = 0
              guard brain.voxels[voxel] > 0 else { continue }
              let p = map([Double(i), Double(j), Double(k)])
              let base = SIMD3<Int>(p.rounded(.down))
              let f = p - p.rounded(.down)
              guard base.min() >= -1, base.x < shape.x, base.y < shape.y, base.z < shape.z else { continue }
              var (sum, weight): (Float, Float) = (0, 0)
              for corner in 0..<8 {
                let (dx, dy, dz) = (corner & 1, corner >> 1 & 1, corner >> 2)
                let (x, y, z) = (base.x + dx, base.y + dy, base.z + dz)
                guard shape.contains(x, y, z) else { continue }
                let cell = shape.index(x, y, z)
                let w = Float(
                  (dx == 1 ? f.x : 1 - f.x) * (dy == 1 ? f.y : 1 - f.y) * (dz == 1 ? f.z : 1 - f.z))
                sum += w * matter[cell] * values[cell]
                weight += w * matter[cell]
              }
              if weight > 1e-3 { out[voxel] = min(max(sum / weight, 0), 1) }
            }
          }
        }
      }
    }
  }
}

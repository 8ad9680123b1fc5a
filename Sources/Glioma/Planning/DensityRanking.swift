import ImageAnalysis
import Imaging

extension Patient {
  /// Core, or the whole visible tumour where there is no core.
  public var grossTumor: Mask {
    let hasCore = segmentation.voxels.contains { $0 >= TumorRegion.enhancing.rawValue }
    let least = hasCore ? TumorRegion.enhancing.rawValue : TumorRegion.edema.rawValue
    return segmentation.map { $0 >= least ? 1 : 0 }
  }
}

/// A patient's brain voxels in the order in which a model plan takes them: highest density first, equal ones by distance
/// from the gross tumour, then by position.
public struct DensityRanking: Sendable {
  private let grid: VoxelGrid
  private let order: [Int32]

  /// The ranking by `density`, on the patient's grid.
  public init(_ patient: Patient, density: Volume<Float>) {
    self.init(patient, density: density, distance: patient.grossTumor.distanceToForeground())
  }

  /// The ranking with the distance from the gross tumour known.
  init(_ patient: Patient, density: Volume<Float>, distance: Volume<Float>) {
    grid = density.grid
    let brain = patient.brain.voxels
    // Packed keys: density falling, then distance rising, then position.
    var keyed: [(key: UInt64, voxel: Int32)] = []
    for voxel in brain.indices where brain[voxel] > 0 {
      let u = max(density.voxels[voxel], 0)
      let d = max(distance.voxels[voxel], 0)
      keyed.append((UInt64(~u.bitPattern) << 32 | UInt64(d.bitPattern), Int32(voxel)))
    }
    order = keyed.sorted { $0.key != $1.key ? $0.key < $1.key : $0.voxel < $1.voxel }.map(\.voxel)
  }

  /// The first `count` voxels.
  func first(_ count: Int) -> Mask {
    var mask = Mask(grid: grid, filledWith: 0)
    for voxel in order.prefix(count) { mask.setVoxel(Int(voxel), 1) }
    return mask
  }

  /// The smallest number of voxels, in order, that holds `covered` voxels of `recurrence`; nil where the ranking never
  /// does.
  public func voxelsCovering(_ covered: Int, of recurrence: Mask) -> Int? {
    guard covered > 0 else { return 0 }
    var found = 0
    for (index, voxel) in order.enumerated() where recurrence.voxels[Int(voxel)] > 0 {
      found += 1
      if found == covered { return index + 1 }
    }
    return nil
  }
}

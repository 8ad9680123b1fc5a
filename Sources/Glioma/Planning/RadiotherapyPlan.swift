import Foundation
import ImageAnalysis
import Imaging

/// Target volumes for radiotherapy: the standard margin and a plan of equal volume from the modelled density.
///
/// The gross tumour volume is the core (the whole visible tumour where there is no core). Margins are Euclidean, in
/// millimetres through the affine, cut by the brain mask (ESTRO-EANO guideline, Niyazi et al., 2023: CTV = GTV + 15 mm).
/// Illustrative: research use only, not a treatment plan.
public struct RadiotherapyPlan: Sendable {
  /// Core, or the whole visible tumour where there is no core.
  public let grossTumor: Mask
  /// Voxels of the brain within the margin of the gross tumour.
  public let standard: Mask
  /// The same with distances that go around fluid and other barriers.
  public let geodesic: Mask
  /// As many voxels of highest density as the standard plan has, ties by distance to the gross tumour.
  public let model: Mask
  /// Standard or model plan.
  public let union: Mask
  /// The model plan with the set-up margin, inside or outside the brain.
  public let planningTarget: Mask
  /// Distance from the gross tumour, in mm.
  public let distance: Volume<Float>

  /// Plans for `patient` with the modelled `density` on the same grid. `margin` and `setupMargin` in mm.
  public init(_ patient: Patient, density: Volume<Float>, margin: Double, setupMargin: Double = 3) {
    let grid = patient.segmentation.grid
    let gross = patient.grossTumor
    let distance = gross.distanceToForeground()
    // Distances are square roots in single precision: allow their rounding at the margin.
    let limit = Float(margin) * (1 + 1e-6)
    let brain = patient.brain.voxels
    func mask(_ include: (Int) -> Bool) -> Mask {
      Mask(grid: grid, voxels: (0..<grid.shape.count).map { include($0) ? 1 : 0 })
    }
    let standard = mask { brain[$0] > 0 && distance.voxels[$0] <= limit }
    let (white, gray) = (patient.white.voxels, patient.gray.voxels)
    let passable = mask {
      brain[$0] > 0
        && (white[$0] + gray[$0] >= Tissue.matterThreshold || patient.segmentation.voxels[$0] > 0)
    }
    let around = GeodesicDistance.from(gross, inside: passable, limit: margin)
    geodesic = mask { brain[$0] > 0 && Double(around.voxels[$0]) <= margin }
    let volume = standard.voxels.reduce(0) { $0 + Int($1) }
    let model = DensityRanking(patient, density: density, distance: distance).first(volume)
    union = mask { standard.voxels[$0] > 0 || model.voxels[$0] > 0 }
    let beyond = model.distanceToForeground(limit: setupMargin + 1)
    planningTarget = mask { Double(beyond.voxels[$0]) <= setupMargin }
    grossTumor = gross
    self.standard = standard
    self.model = model
    self.distance = distance
  }
}

/// How much of a recurrence a plan covers.
public struct RecurrenceCoverage: Hashable, Sendable, Codable {
  /// |R ∩ P| / |R|; 1 for an empty recurrence, as the field reports it.
  public let coverage: Double
  /// |R ∩ P| / |R ∪ P|; 0 where both are empty.
  public let iou: Double

  /// The coverage of `recurrence` by `plan`, on one grid.
  public init(plan: Mask, recurrence: Mask) {
    precondition(plan.shape == recurrence.shape)
    var (both, either, target) = (0, 0, 0)
    for cell in plan.voxels.indices {
      let (p, r) = (plan.voxels[cell] > 0, recurrence.voxels[cell] > 0)
      if p && r { both += 1 }
      if p || r { either += 1 }
      if r { target += 1 }
    }
    coverage = target == 0 ? 1 : Double(both) / Double(target)
    iou = either == 0 ? 0 : Double(both) / Double(either)
  }
}

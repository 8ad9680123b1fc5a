import Imaging

/// A patient's inverse problem with the way back to the patient's voxels, for either scheme.
public struct GliomaSetup: Sendable {
  private enum Cut: Sendable {
    case millimetres(PatientGrid)
    case published(PublishedPreparation)
  }
  private let cut: Cut
  private let image: VoxelGrid

  /// The problem.
  public var problem: GrowthProblem {
    switch cut {
    case .millimetres(let grid): grid.problem
    case .published(let preparation): preparation.problem
    }
  }

  /// Centres of the core's parts, in the coordinates of the problem.
  public var components: [SIMD3<Double>] {
    switch cut {
    case .millimetres(let grid): grid.components
    case .published(let preparation): [preparation.coreCenter]
    }
  }

  /// Centres of the core's cells.
  public var coreCells: [SIMD3<Double>] {
    switch cut {
    case .millimetres(let grid): grid.coreCells
    case .published(let preparation): [preparation.coreCenter]
    }
  }

  /// Cut `patient` for `scheme`: in millimetres with a margin, or as the published program does, then with its weight of
  /// PET whatever `petWeight`. The patient must have a tumour.
  public init(
    _ patient: Patient, scheme: DiffusionScheme, slices: Int, cells: Int, lambda: Double = 1,
    petWeight: Double = PatientGrid.petWeight
  ) {
    image = patient.segmentation.grid
    if scheme != .correct,
      let preparation = PublishedPreparation(
        segmentation: patient.segmentation, white: patient.white, gray: patient.gray, pet: patient.pet,
        slices: slices, cells: VoxelShape(cells, cells, cells), lambda: lambda, scheme: scheme)
    {
      cut = .published(preparation)
    } else {
      cut = .millimetres(
        PatientGrid(patient, slices: slices, count: cells, lambda: lambda, petWeight: petWeight))
    }
  }

  /// The published seeding run.
  public func seedingRun() -> SeedingRun {
    switch cut {
    case .millimetres(let grid): grid.seedingRun()
    case .published(let preparation): SeedingRun(preparation)
    }
  }

  /// A density on the cells, on the voxels of the patient.
  public func density(_ values: [Float], brain: Mask) -> Volume<Float> {
    switch cut {
    case .millimetres(let grid): return grid.density(values, brain: brain)
    case .published(let preparation):
      let crop = preparation.cropShape
      let zoomed = EndPointZoom.linear(values, preparation.problem.grid.shape, to: crop)
      var volume = Volume<Float>(grid: image, filledWith: 0)
      let origin = preparation.cropOrigin
      forEachCell(crop) { cell, p in
        volume[p.x + origin.x, p.y + origin.y, p.z + origin.z] = zoomed[cell]
      }
      return volume
    }
  }
}

extension PatientGrid {
  /// The published seeding rule on this grid: the blob at the centre of the core, grown until it fits best.
  public func seedingRun() -> SeedingRun {
    let center = coreCells.reduce(SIMD3<Double>.zero, +) / Double(max(coreCells.count, 1))
    return SeedingRun(
      problem: problem, initial: problem.initialDensity([center]), focus: center)
  }
}

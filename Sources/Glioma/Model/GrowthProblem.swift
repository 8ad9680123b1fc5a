import Imaging

/// What the scan shows, on the cells of a growth grid.
public struct Observation: Sendable {
  /// 0 no visible tumour, 1 oedema, 2 core (enhancing or necrotic); x fastest.
  public var labels: [UInt8]
  /// PET uptake divided by its maximum and zero where it says nothing about density; nil without PET.
  public var pet: [Float]?

  /// Voxels on either side of the borders between labels, finer than the cells; may be empty.
  public var borders: [BorderVoxel] = []

  /// A voxel of the segmentation with a neighbour of another label.
  public struct BorderVoxel: Sendable {
    /// Its centre, in mm from the corner of the box.
    public var position: SIMD3<Float>
    /// Its label: 0, 1 or 2 as in `labels`.
    public var label: UInt8
    /// Its volume, in mm³.
    public var volume: Float
  }

  /// An observation of a segmentation and, where there is one, a PET image.
  public init(labels: [UInt8], pet: [Float]? = nil) {
    precondition(pet.map { $0.count == labels.count } ?? true)
    self.labels = labels
    self.pet = pet
  }
}

/// One patient's inverse problem: grid, tissue, observation and the switches of the model.
public final class GrowthProblem: Sendable {
  /// The space-time grid.
  public let grid: SpaceTimeGrid
  /// White and grey matter on the cells.
  public let tissue: Tissue
  /// The segmentation and PET on the cells.
  public let observation: Observation
  /// How diffusion is discretised; `correct` also keeps growth, origin and data out of cells without matter, which
  /// the published program does not.
  public let scheme: DiffusionScheme
  /// The shape of the initial density.
  public let blob: InitialBlob
  /// The weights of the loss.
  public let weights: LossWeights

  let diffusion: DiffusionOperator
  /// 1 where the model's reaction acts, 0 elsewhere and in the padding.
  let reactive: SpaceTimeField
  /// 1 in cells without matter: where the loss punishes density.
  let fluid: SpaceTimeField

  /// A problem on `grid`; `tissue` and `observation` hold one value a cell.
  public init(
    grid: SpaceTimeGrid, tissue: Tissue, observation: Observation, scheme: DiffusionScheme,
    blob: InitialBlob, weights: LossWeights
  ) {
    precondition(tissue.white.count == grid.shape.count && observation.labels.count == grid.shape.count)
    self.grid = grid
    self.tissue = tissue
    self.observation = observation
    self.scheme = scheme
    self.blob = blob
    self.weights = weights
    diffusion = DiffusionOperator(grid: grid, tissue: tissue, scheme: scheme)
    reactive = SpaceTimeField(slices: 1, shape: grid.shape)
    fluid = SpaceTimeField(slices: 1, shape: grid.shape)
    for cell in 0..<grid.shape.count {
      let matter = tissue.isMatter(cell)
      reactive[0][cell] = matter || scheme != .correct ? 1 : 0
      fluid[0][cell] = matter ? 0 : 1
    }
  }

  /// The initial density of `foci`, zero where the model does not act.
  package func initialDensity(_ foci: [SIMD3<Double>]) -> [Float] {
    masked(blob.density(on: grid, foci: foci))
  }

  /// The derivative of `initialDensity` with respect to coordinate `axis` of focus `index`.
  package func initialDensityDerivative(_ foci: [SIMD3<Double>], index: Int, axis: Int) -> [Float] {
    masked(blob.derivative(on: grid, foci: foci, index: index, axis: axis))
  }

  private func masked(_ values: [Float]) -> [Float] {
    var values = values
    for cell in values.indices { values[cell] *= reactive[0][cell] }
    return values
  }

  /// The interval the density of a cell labelled `label` should lie in.
  @inline(__always)
  static func interval(_ label: UInt8, _ p: GrowthParameters) -> (lower: Double, upper: Double) {
    switch label {
    case 2: (p.upperThreshold, 1)
    case 1: (p.lowerThreshold, p.upperThreshold)
    default: (0, p.lowerThreshold)
    }
  }
}

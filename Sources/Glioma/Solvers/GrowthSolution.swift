import Imaging

/// What a solver found.
public struct GrowthSolution: Sendable {
  /// One row of `loss.csv`.
  public struct Row: Hashable, Sendable, Codable {
    /// What was iterating, such as `strong` or `gauss-newton`.
    public var phase: String
    /// Iterations of the phase so far.
    public var iteration: Int
    /// Seconds since the start.
    public var seconds: Double
    /// The loss, each term on its own.
    public var terms: LossTerms
  }

  /// The fitted parameters.
  public var parameters: GrowthParameters
  /// The density of the last slice, one value a cell: the tumour at the time of the scan.
  public var density: [Float]
  /// The density at equally spaced times, first to last slice.
  public var snapshots: [[Float]]
  /// The loss at the end.
  public var terms: LossTerms
  /// The course of the loss.
  public var history: [Row]
  /// The covariance of the parameters in the coordinates of the fit (Laplace approximation), where it is known.
  public var covariance: [Double]?

  /// The solution as it was found.
  init(
    parameters: GrowthParameters, density: [Float], snapshots: [[Float]], terms: LossTerms, history: [Row],
    covariance: [Double]?
  ) {
    self.parameters = parameters
    self.density = density
    self.snapshots = snapshots
    self.terms = terms
    self.history = history
    self.covariance = covariance
  }

  /// The published initial guess, taken as a solution whose loss is `terms`.
  public init(of seed: SeedingRun, terms: LossTerms) {
    self.init(
      parameters: seed.parameters, density: seed.field.slice(seed.field.slices - 1),
      snapshots: GrowthSolution.snapshots(of: seed.field), terms: terms, history: [], covariance: nil)
  }

  /// Number of snapshots kept.
  static let snapshotCount = 6

  static func snapshots(of field: SpaceTimeField) -> [[Float]] {
    (0..<snapshotCount).map { field.slice($0 * (field.slices - 1) / (snapshotCount - 1)) }
  }
}

/// Called with a phase and the share of the work done; throw to stop.
public typealias SolverProgress = (String, Double) throws -> Void

/// The weights W of the discrete loss; each term is the mean over all cells of (W·q)².
public struct LossWeights: Hashable, Sendable, Codable {
  /// Weight of the Crank–Nicolson residual, λ included.
  public var residual: Double
  /// Weight of the initial condition.
  public var initialCondition = 1000.0
  /// Weight of the two interval terms on the last slice.
  public var data: Double
  /// Weight of densities outside 0…1.
  public var range = 1.0
  /// Weight of the PET term; 0 without PET.
  public var pet: Double
  /// Weight of density in cells without matter.
  public var fluid = 0.01
  /// Weight of the parameters' bounds.
  public var bounds = 1.0

  /// The published weights without PET, which the intervals keep, and `pet` for its term, 0 where there is none.
  ///
  /// The published program weighs PET 126 times as much as the intervals, so that a fit leaves the visible borders for it.
  public init(pet: Double, lambda: Double = 1) {
    self.init(hasPET: false, lambda: lambda)
    self.pet = pet
  }

  /// The published weights (GliODIL run script), which depend on whether there is PET. `lambda` scales the weight of
  /// the residual, so its part of the loss grows with λ².
  public init(hasPET: Bool, lambda: Double = 1) {
    residual = 2400 * lambda
    data = hasPET ? 4 : 12
    pet = hasPET ? 45 : 0
  }
}

/// The value of the discrete loss, each term on its own.
public struct LossTerms: Hashable, Sendable, Codable {
  /// Violation of the parameters' bounds.
  public var bounds = 0.0
  /// Crank–Nicolson residual of the Fisher–Kolmogorov equation.
  public var residual = 0.0
  /// Distance of the first slice from the blob.
  public var initialCondition = 0.0
  /// Density of the last slice below its label's interval.
  public var dataLow = 0.0
  /// Density of the last slice above its label's interval.
  public var dataHigh = 0.0
  /// Densities outside 0…1.
  public var range = 0.0
  /// Distance from the PET signal.
  public var pet = 0.0
  /// Density in cells without matter.
  public var fluid = 0.0

  /// All terms zero.
  public init() {}

  /// The sum of the terms.
  public var total: Double { values.reduce(0, +) }

  /// The terms in the published order: bounds, residual, initial condition, low, high, range, PET, CSF.
  public var values: [Double] {
    [bounds, residual, initialCondition, dataLow, dataHigh, range, pet, fluid]
  }

  /// The names of the terms, in the order of `values`.
  public static let names = [
    "bounds", "residual", "initial_condition", "data_low", "data_high", "range", "pet", "csf",
  ]
}

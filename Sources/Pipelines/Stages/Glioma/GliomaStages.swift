import Glioma

extension StageRegistry {
  /// The stages for glioma patients.
  static let gliomaStages: [any Stage.Type] = [
    PrepareGlioma.self, SeedGlioma.self, SolveGlioma.self, PlanGlioma.self, EvaluateGlioma.self,
    ReportGlioma.self,
  ]
  /// The syntheses of glioma patients.
  static let gliomaSyntheses: [any Synthesis.Type] = [SynthesizeGlioma.self]
}

extension GliomaError: ExitStatusProviding {
  /// What cannot be solved is an internal fault, everything else bad data.
  public var exitStatus: ExitStatus {
    if case .diverged = self { return .internalFault }
    return .badData
  }
}

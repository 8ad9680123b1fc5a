import BloodCells

extension StageRegistry {
  /// The stages for blood smears.
  static let bloodStages: [any Stage.Type] = [
    PrepareSmear.self, FindForeground.self, SeparateCells.self, ClassifyCells.self, EvaluateCells.self,
    ReportCells.self,
  ]
  /// The trainings for blood smears.
  static let bloodTrainings: [any Training.Type] = [TrainCells.self]
  /// The syntheses of blood smears.
  static let bloodSyntheses: [any Synthesis.Type] = [SynthesizeBlood.self]
}

extension BloodCellsError: ExitStatusProviding {
  /// 65: the image does not fit, except for parameters, 78.
  public var exitStatus: ExitStatus {
    if case .invalidParameter = self { return .configuration }
    return .badData
  }
}

extension CellTableError: ExitStatusProviding {
  /// 65.
  public var exitStatus: ExitStatus { .badData }
}

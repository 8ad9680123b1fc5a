extension StageRegistry {
  /// The stages for blood smears.
  static let bloodStages: [any Stage.Type] = []
  /// The trainings for blood smears.
  static let bloodTrainings: [any Training.Type] = []
  /// The syntheses of blood smears.
  static let bloodSyntheses: [any Synthesis.Type] = []
}

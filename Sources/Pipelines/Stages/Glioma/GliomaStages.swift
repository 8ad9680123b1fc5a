extension StageRegistry {
  /// The stages for glioma patients.
  static let gliomaStages: [any Stage.Type] = []
  /// The syntheses of glioma patients.
  static let gliomaSyntheses: [any Synthesis.Type] = []
}

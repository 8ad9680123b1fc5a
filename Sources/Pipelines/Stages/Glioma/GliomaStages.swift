extension StageRegistry {
  /// The stages for glioma patients.
  static let gliomaStages: [any Stage.Type] = []
}

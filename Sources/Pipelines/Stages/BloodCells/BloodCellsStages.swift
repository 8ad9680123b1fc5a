extension StageRegistry {
  /// The stages for blood smears.
  static let bloodStages: [any Stage.Type] = []
}

extension StageRegistry {
  /// The stages for MR angiographies.
  static let vesselStages: [any Stage.Type] = []
}

extension StageRegistry {
  /// The stages for MR angiographies.
  static let vesselStages: [any Stage.Type] = []
  /// The trainings for MR angiographies.
  static let vesselTrainings: [any Training.Type] = []
  /// The syntheses of MR angiographies.
  static let vesselSyntheses: [any Synthesis.Type] = [SynthesizeVessels.self]
}

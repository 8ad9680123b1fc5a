extension StageRegistry {
  /// The stages for MR angiographies.
  static let vesselStages: [any Stage.Type] = [
    PrepareAngiography.self, EnhanceVessels.self, ThresholdVessels.self, CleanVessels.self,
    EvaluateVessels.self,
    ReportVessels.self, SegmentVessels.self, DecideVessels.self, AdaptVessels.self,
  ]
  /// The trainings for MR angiographies.
  static let vesselTrainings: [any Training.Type] = [TrainVessels.self]
  /// The syntheses of MR angiographies.
  static let vesselSyntheses: [any Synthesis.Type] = [SynthesizeVessels.self]
}

extension StageRegistry {
  /// What this package brings.
  public static let builtIn: StageRegistry = {
    var registry = StageRegistry(vesselStages + bloodStages + gliomaStages)
    for training in vesselTrainings + bloodTrainings { registry.register(training) }
    for synthesis in vesselSyntheses + bloodSyntheses + gliomaSyntheses {
      registry.register(synthesis)
    }
    return registry
  }()
}

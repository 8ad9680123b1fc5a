/// The types a pipeline can name: stages, and trainings; and the syntheses of the command line. Another package adds
/// its own before it loads a pipeline.
public struct StageRegistry: Sendable {
  private var stages: [String: any Stage.Type] = [:]
  private var trainings: [String: any Training.Type] = [:]
  private var syntheses: [String: any Synthesis.Type] = [:]

  /// A registry of `stages`.
  public init(_ stages: [any Stage.Type] = []) {
    for stage in stages { register(stage) }
  }

  /// Add a stage; one with the same name is replaced.
  public mutating func register(_ stage: any Stage.Type) { stages[stage.name] = stage }

  /// Add a training; one with the same name is replaced.
  public mutating func register(_ training: any Training.Type) {
    trainings[training.name] = training
  }

  /// Add a synthesis; one with the same name is replaced.
  public mutating func register(_ synthesis: any Synthesis.Type) {
    syntheses[synthesis.name] = synthesis
  }

  /// The names of the stages, sorted.
  public var names: [String] { stages.keys.sorted() }
  /// The names of the trainings, sorted.
  public var trainingNames: [String] { trainings.keys.sorted() }
  /// The names of the syntheses, sorted.
  public var synthesisNames: [String] { syntheses.keys.sorted() }

  /// The stage called `name`.
  public subscript(name: String) -> (any Stage.Type)? { stages[name] }
  /// The training called `name`.
  public func training(_ name: String) -> (any Training.Type)? { trainings[name] }
  /// The synthesis called `name`.
  public func synthesis(_ name: String) -> (any Synthesis.Type)? { syntheses[name] }
}

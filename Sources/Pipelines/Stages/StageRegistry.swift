/// The stages a pipeline can name. Another package adds its own with ``register(_:)`` before it loads a pipeline.
public struct StageRegistry: Sendable {
  private var types: [String: any Stage.Type] = [:]

  /// A registry of `stages`.
  public init(_ stages: [any Stage.Type] = []) {
    for stage in stages { register(stage) }
  }

  /// Add a stage; one with the same name is replaced.
  public mutating func register(_ stage: any Stage.Type) { types[stage.name] = stage }

  /// The names, sorted.
  public var names: [String] { types.keys.sorted() }

  /// The stage called `name`.
  public subscript(name: String) -> (any Stage.Type)? { types[name] }
}

extension StageRegistry {
  /// The stages of this package.
  public static var builtIn: StageRegistry { StageRegistry(vesselStages + bloodStages + gliomaStages) }
}

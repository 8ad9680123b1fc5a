import Foundation
import Reports

/// A pipeline as data: what workers are sent and `case.json` keeps.
public struct PipelineSnapshot: Sendable, Codable, Hashable {
  /// A stage with every parameter and the source of every input.
  public struct Step: Sendable, Codable, Hashable {
    /// The name in the pipeline.
    public var name: String
    /// The type in the registry.
    public var type: String
    /// Every parameter.
    public var parameters: [String: JSONValue]
    /// Where each input comes from; an absolute path for a file of the user's.
    public var inputs: [String: String]
  }

  /// The name.
  public var name: String
  /// What it does.
  public var summary: String
  /// What a case is.
  public var cases: CaseKind
  /// The stages in order.
  public var stages: [Step]

  /// As it comes back from a file, where 1.0 and 1 are the same.
  var asRead: PipelineSnapshot {
    (try? JSONText.decode(PipelineSnapshot.self, from: JSONText.encode(self))) ?? self
  }

  /// The SHA-256 digest of all that it says; nil where a parameter is not a number that can be written.
  var digest: String? { (try? JSONText.encode(asRead)).map(ContentDigest.sha256) }
}

extension Pipeline {
  /// The pipeline as data.
  public var snapshot: PipelineSnapshot {
    PipelineSnapshot(
      name: name, summary: summary, cases: caseKind,
      stages: steps.map { step in
        PipelineSnapshot.Step(
          name: step.name, type: step.type.name, parameters: step.stage.parameterValues,
          inputs: step.sources.mapValues(\.description))
      })
  }

  /// The pipeline of a snapshot, its stages taken from `registry`.
  public init(_ snapshot: PipelineSnapshot, registry: StageRegistry) throws {
    self.init(name: snapshot.name, summary: snapshot.summary, caseKind: snapshot.cases)
    let origin = ValueOrigin(folder: URL(fileURLWithPath: "/"))
    for step in snapshot.stages {
      guard let type = registry[step.type] else {
        throw PipelineError.configuration(
          "pipeline \(snapshot.name): "
            + UnknownName(name: step.type, known: registry.names).message("stage type"))
      }
      append(step.name, type.init())
      let index = steps.count - 1
      do {
        for (key, value) in step.parameters {
          try set(key, to: RawValue(value), ofStep: index, origin: origin)
        }
        for (name, source) in step.inputs {
          if source.hasPrefix("/") {
            try set("inputs.\(name)", to: .scalar(source), ofStep: index, origin: origin)
          } else {
            try connect(name, ofStep: index, to: InputSource(source))
          }
        }
      } catch {
        throw PipelineError.configuration(
          "pipeline \(snapshot.name), stage \(step.name): made by another version of this program (\(error))"
        )
      }
    }
    try validate()
  }
}

extension RawValue {
  /// The raw value that reads back as `value`.
  fileprivate init(_ value: JSONValue) {
    switch value {
    case .array(let values): self = .list(values.map(RawValue.init))
    default: self = .scalar(value.plainText)
    }
  }
}

import Foundation
import Reports

/// What one case of a pipeline is.
public enum CaseKind: String, Sendable, Codable, CaseIterable {
  /// A NIfTI file.
  case volume
  /// A PNG or JPEG file.
  case image
  /// A folder with the files of one patient.
  case folder
}

/// A named sequence of stages, each with its parameters and the sources of its inputs.
public struct Pipeline: Sendable {
  /// A stage at its place in the pipeline.
  public struct Step: Sendable {
    /// The name in this pipeline; its folder is `NN-name`.
    public let name: String
    /// The stage with its parameters.
    public var stage: any Stage
    /// Where each input comes from.
    public var sources: [String: InputSource]
    /// The name of the stage's folder.
    public let folderName: String

    /// The type of the stage.
    public var type: any Stage.Type { Swift.type(of: stage) }
  }

  /// The name.
  public let name: String
  /// What it does, in one sentence.
  public let summary: String
  /// What a case is.
  public let caseKind: CaseKind
  /// The stages in order.
  public private(set) var steps: [Step] = []
  /// How its network is trained, where it has one.
  public internal(set) var training: (any Training)?
  /// What it asks a cluster for.
  public internal(set) var cluster = ClusterSettings()

  /// A pipeline without stages yet.
  package init(name: String, summary: String, caseKind: CaseKind) {
    self.name = name
    self.summary = summary
    self.caseKind = caseKind
  }

  /// Add `stage` under `name`, its inputs connected as it declares them.
  package mutating func append(_ name: String, _ stage: any Stage) {
    let number = String(steps.count + 1)
    let sources = type(of: stage).inputs.map { ($0.name, $0.source) }
    steps.append(
      Step(
        name: name, stage: stage, sources: Dictionary(sources) { first, _ in first },
        folderName: (number.count < 2 ? "0" : "") + number + "-" + name))
  }

  /// The position of the stage called `name`; throws naming the closest.
  public func index(of name: String) throws -> Int {
    guard let index = steps.firstIndex(where: { $0.name == name }) else {
      throw PipelineError.configuration(
        "pipeline \(self.name): "
          + UnknownName(name: name, known: steps.map(\.name)).message("stage"))
    }
    return index
  }

  /// Change the parameter `key` of step `index`, or with `inputs.NAME` where an input comes from (`input` alone is the
  /// first one).
  mutating func set(_ key: String, to raw: RawValue, ofStep index: Int, origin: ValueOrigin) throws {
    let declared = steps[index].type.inputs.map(\.name)
    if steps[index].type.parameterKeys.contains(key)
      || !(key == "input" || key.hasPrefix("inputs."))
    {
      try steps[index].stage.set(key, to: raw, origin: origin)
      return
    }
    let name = key == "input" ? declared.first ?? "" : String(key.dropFirst("inputs.".count))
    guard declared.contains(name) else { throw UnknownName(name: name, known: declared) }
    steps[index].sources[name] = .file(try InputFile(raw, origin: origin))
  }

  /// Connect the input `name` of step `index` to `source`; throws where there is no such input or no such earlier stage.
  mutating func connect(_ name: String, ofStep index: Int, to source: InputSource) throws {
    let declared = steps[index].type.inputs.map(\.name)
    guard declared.contains(name) else { throw UnknownName(name: name, known: declared) }
    steps[index].sources[name] = source
  }

  /// Throws where a step reads from a stage that does not stand before it, or its parameters contradict each other.
  package func validate() throws {
    do { try training?.validate() } catch let wrong as WrongValue {
      throw PipelineError.configuration(
        "pipeline \(name), training: \(wrong.expected) expected, found \(wrong.found)")
    }
    do { try cluster.validate() } catch let wrong as WrongValue {
      throw PipelineError.configuration(
        "pipeline \(name), cluster: \(wrong.expected) expected, found \(wrong.found)")
    }
    for (index, step) in steps.enumerated() {
      do { try step.stage.validate() } catch let wrong as WrongValue {
        throw PipelineError.configuration(
          "pipeline \(name), stage \(step.name): \(wrong.expected) expected, found \(wrong.found)")
      }
      for (input, source) in step.sources.sorted(by: { $0.key < $1.key }) {
        guard case .output(let earlier, let file) = source else { continue }
        guard let producer = steps[..<index].first(where: { $0.name == earlier }) else {
          throw PipelineError.configuration(
            "pipeline \(name), stage \(step.name): input '\(input)' comes from \(earlier)/\(file), but "
              + UnknownName(name: earlier, known: steps[..<index].map(\.name)).message(
                "earlier stage"))
        }
        let files = producer.type.outputs.map(\.file)
        guard files.contains(file) else {
          throw PipelineError.configuration(
            "pipeline \(name), stage \(step.name): input '\(input)' comes from \(earlier)/\(file), but "
              + UnknownName(name: file, known: files).message("output"))
        }
      }
    }
  }
}

extension Parametrized {
  static var parameterKeys: [String] { parameters.map(\.key) }
}

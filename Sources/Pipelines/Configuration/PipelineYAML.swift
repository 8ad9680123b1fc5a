import Foundation
import Yams

/// Reads a pipeline from YAML. Every fault names file, line and column.
///
/// ```yaml
/// summary: One sentence.
/// cases: volume            # volume, image or folder
/// stages:
///   - name: enhance
///     type: vessels.enhance
///     parameters: {alpha: 0.4}
///     inputs: {image: prepare/image.nii.gz}   # only where it differs from what the stage declares
/// train:                   # for pipelines with a network
///   type: vessels.train
///   parameters: {epochs: 50}
/// cluster:                 # what `batch --engine slurm` asks for (ClusterSettings)
///   time: 02:00:00
/// ```
package struct PipelineYAML {
  let url: URL
  let registry: StageRegistry

  /// The file at `url`, its stages taken from `registry`.
  package init(url: URL, registry: StageRegistry) {
    self.url = url
    self.registry = registry
  }

  /// The most bytes a pipeline file may have.
  package static let largestFile = 1 << 20
  /// The most values it may expand to, aliases followed.
  static let mostValues = 10_000
  /// The most aliases; few enough that no nesting of them can expand beyond a few hundred times the file.
  static let mostAliases = 16

  func pipeline() throws -> Pipeline { try pipeline(of: try text()) }

  /// The pipeline that `text` describes.
  package func pipeline(of text: String) throws -> Pipeline {
    let root = try compose(text)
    var budget = Self.mostValues
    try count(root, &budget)
    let fields = try mapping(
      root, ["name", "summary", "cases", "stages", Pipeline.trainingName, "cluster"], "key")
    var kind = CaseKind.volume
    if let node = fields["cases"] {
      let word = try scalar(node, "cases")
      guard let value = CaseKind(rawValue: word) else {
        throw fault(
          node,
          UnknownName(name: word, known: CaseKind.allCases.map(\.rawValue)).message("kind of case"))
      }
      kind = value
    }
    var pipeline = Pipeline(
      name: try fields["name"].map { try scalar($0, "name") }
        ?? url.deletingPathExtension().lastPathComponent,
      summary: try fields["summary"].map { try scalar($0, "summary") } ?? "", caseKind: kind)
    guard let list = fields["stages"], let nodes = list.sequence, !nodes.isEmpty else {
      throw fault(fields["stages"] ?? root, "a list of stages expected under 'stages:'")
    }
    for node in nodes { try append(node, to: &pipeline) }
    pipeline.training = try fields[Pipeline.trainingName].map(training)
    let origin = ValueOrigin(folder: url.deletingLastPathComponent())
    for (key, value) in try pairs(fields["cluster"], "cluster") {
      try explained(key.node, value, "key of 'cluster'") {
        try pipeline.cluster.set(key.text, to: try raw(value), origin: origin)
      }
    }
    do { try pipeline.validate() } catch let error as PipelineError {
      throw PipelineError.configuration("\(url.path): \(error)")
    }
    return pipeline
  }

  // MARK: - One stage

  private func append(_ node: Node, to pipeline: inout Pipeline) throws {
    let fields = try mapping(node, ["name", "type", "parameters", "inputs"], "key of a stage")
    guard let typeNode = fields["type"] else { throw fault(node, "a stage needs 'type:'") }
    let typeName = try scalar(typeNode, "type")
    guard let type = registry[typeName] else {
      throw fault(
        typeNode, UnknownName(name: typeName, known: registry.names).message("stage type"))
    }
    let name =
      try fields["name"].map { try scalar($0, "name") }
      ?? typeName.split(separator: ".").last.map(String.init) ?? typeName
    guard !name.isEmpty, name.utf8.allSatisfy(isNameByte) else {
      throw fault(
        fields["name"] ?? node,
        "a stage's name is made of letters, digits, '-' and '_'; found '\(name)'")
    }
    guard !pipeline.steps.contains(where: { $0.name == name }) else {
      throw fault(
        fields["name"] ?? node, "two stages are called '\(name)'; give one of them another name")
    }
    pipeline.append(name, type.init())
    let index = pipeline.steps.count - 1
    let origin = ValueOrigin(folder: url.deletingLastPathComponent())
    for (key, value) in try pairs(fields["parameters"], "parameters") {
      try explained(key.node, value, "parameter of \(typeName)") {
        try pipeline.set(key.text, to: try raw(value), ofStep: index, origin: origin)
      }
    }
    for (key, value) in try pairs(fields["inputs"], "inputs") {
      try explained(key.node, value, "input of \(typeName)") {
        let source = InputSource(try scalar(value, key.text))
        if source == .caseInput, try scalar(value, key.text) != "input" {
          throw WrongValue(
            found: try scalar(value, key.text), expected: "input, label or STAGE/FILE")
        }
        try pipeline.connect(key.text, ofStep: index, to: source)
      }
    }
  }

  private func training(_ node: Node) throws -> any Training {
    let fields = try mapping(node, ["type", "parameters"], "key of 'train'")
    guard let typeNode = fields["type"] else { throw fault(node, "'train' needs 'type:'") }
    let name = try scalar(typeNode, "type")
    guard let type = registry.training(name) else {
      throw fault(
        typeNode, UnknownName(name: name, known: registry.trainingNames).message("training"))
    }
    var training = type.init()
    let origin = ValueOrigin(folder: url.deletingLastPathComponent())
    for (key, value) in try pairs(fields["parameters"], "parameters") {
      try explained(key.node, value, "parameter of \(name)") {
        try training.set(key.text, to: try raw(value), origin: origin)
      }
    }
    return training
  }

  private func explained(_ key: Node, _ value: Node, _ kind: String, _ body: () throws -> Void)
    throws
  {
    do { try body() } catch let unknown as UnknownName {
      throw fault(key, unknown.message(kind))
    } catch let wrong as WrongValue {
      throw fault(value, "\(key.string ?? "?"): \(wrong.expected) expected, found '\(wrong.found)'")
    }
  }

  // MARK: - Nodes

  private func mapping(_ node: Node, _ known: [String], _ kind: String) throws -> [String: Node] {
    var result: [String: Node] = [:]
    for (key, value) in try pairs(node, kind) {
      guard known.contains(key.text) else {
        throw fault(key.node, UnknownName(name: key.text, known: known).message(kind))
      }
      result[key.text] = value
    }
    return result
  }

  private func pairs(_ node: Node?, _ what: String) throws -> [(
    key: (text: String, node: Node), value: Node
  )] {
    guard let node else { return [] }
    if node.scalar?.string.isEmpty == true { return [] }
    guard let mapping = node.mapping else {
      throw fault(node, "'key: value' lines expected (\(what))")
    }
    return try mapping.map { key, value in
      guard let text = key.scalar?.string else { throw fault(key, "a plain word expected as key") }
      return ((text, key), value)
    }
  }

  private func scalar(_ node: Node, _ what: String) throws -> String {
    guard let text = node.scalar?.string else {
      throw fault(node, "\(what): text expected, found a list or mapping")
    }
    return text
  }

  private func raw(_ node: Node) throws -> RawValue {
    if let text = node.scalar?.string { return .scalar(text) }
    if let nodes = node.sequence { return .list(try nodes.map(raw)) }
    throw fault(node, "a value or a list expected, found a mapping")
  }

  private func count(_ node: Node, _ budget: inout Int) throws {
    budget -= 1
    guard budget >= 0 else {
      throw PipelineError.configuration(
        "\(url.path): expands to more than \(Self.mostValues) values; this is not a pipeline")
    }
    for child in node.sequence.map(Array.init) ?? [] { try count(child, &budget) }
    for (key, value) in node.mapping.map(Array.init) ?? [] {
      try count(key, &budget)
      try count(value, &budget)
    }
  }

  private func fault(_ node: Node, _ text: String) -> PipelineError {
    .configuration("\(url.path):\(node.mark.map { "\($0.line):\($0.column)" } ?? "1:1"): \(text)")
  }
}

/// Whether a byte may stand in a stage's name, and so in a folder's.
private func isNameByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
    true
  default: false
  }
}

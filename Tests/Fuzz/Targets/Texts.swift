import Foundation
import Pipelines
import SafeTensors

/// What is read can be written and read again.
@Sendable func readSafeTensors(_ bytes: [UInt8]) {
  guard let file = try? SafeTensors(Data(bytes), name: "x.safetensors") else { return }
  for (name, tensor) in file.tensors {
    let expected = tensor.count * tensor.type.size
    require(tensor.bytes.count == expected, "\(name): \(tensor.bytes.count) bytes, shape says \(expected)")
    _ = tensor.floats
  }
  guard let again = try? SafeTensors(file.encoded(), name: "again.safetensors") else {
    return require(false, "what was read and written cannot be read")
  }
  require(again.tensors == file.tensors && again.metadata == file.metadata, "what was written reads the same")
}

/// A pipeline; what is accepted is the same again as a snapshot.
@Sendable func readYAML(_ bytes: [UInt8]) {
  guard let text = String(validating: bytes, as: UTF8.self), text.utf8.count <= PipelineYAML.largestFile
  else { return }
  let yaml = PipelineYAML(url: URL(fileURLWithPath: "/x.yaml"), registry: registry)
  guard let pipeline = try? yaml.pipeline(of: text) else { return }
  do { _ = try Pipeline(pipeline.snapshot, registry: registry) } catch {
    require(false, "the snapshot of an accepted pipeline is refused: \(error)")
  }
}

private let registry = StageRegistry([Example.self])

/// A stage with a parameter of every kind.
private struct Example: Stage {
  enum Choice: String, ParameterChoice { case one, two }

  static let name = "example"
  static let summary = "Parameters of every kind."
  static let parameters = [
    Parameter("choice", \Example.choice, "a choice"),
    Parameter("count", \Example.count, "a count", in: 0...9),
    Parameter("number", \Example.number, "a number"), Parameter("list", \Example.list, "a list"),
    Parameter("text", \Example.text, "a text"), Parameter("flag", \Example.flag, "a flag"),
    Parameter("file", \Example.file, "a file"), Parameter("maybe", \Example.maybe, "a number or none"),
  ]
  static let inputs = [StageInput("image", from: "input", "the image")]
  static let outputs = [StageOutput("image.nii.gz", "the image")]

  var choice = Choice.one
  var count = 1
  var number = 0.5
  var list: [Double] = []
  var text = ""
  var flag = false
  var file: InputFile?
  var maybe: Float?

  func run(_ context: StageContext) throws {}
}

import Foundation
import Yams

extension PipelineYAML {
  /// The text of the file, refused before it is read where it is no regular file or too long.
  func text() throws -> String {
    let path = url.path
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw PipelineError.configuration("\(path): \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw PipelineError.configuration("\(path): not a regular file; a pipeline is a YAML file")
    }
    guard status.st_size <= Self.largestFile else {
      throw PipelineError.configuration(
        "\(path): \(status.st_size) bytes; a pipeline has at most \(Self.largestFile)")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw PipelineError.configuration("\(path): cannot be read")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw PipelineError.configuration("\(path): not UTF-8 text; a pipeline is a YAML file")
    }
    return text
  }

  func compose(_ text: String) throws -> Node {
    // Aliases are counted before the parser sees them: it compares keys by value, which a tower of aliases can
    // make take for ever.
    let aliases = text.split(whereSeparator: { " \t\r\n[]{},:?".contains($0) }).count {
      $0.hasPrefix("*") && $0.count > 1
    }
    guard aliases <= Self.mostAliases else {
      throw PipelineError.configuration(
        "\(url.path): \(aliases) aliases (*name); at most \(Self.mostAliases)")
    }
    do {
      guard let root = try Yams.compose(yaml: text) else {
        throw PipelineError.configuration("\(url.path): empty; 'stages:' expected")
      }
      return root
    } catch let error as YamlError {
      throw PipelineError.configuration("\(url.path):\(error.placeAndProblem)")
    }
  }
}

extension YamlError {
  /// `LINE:COLUMN: problem`.
  fileprivate var placeAndProblem: String {
    switch self {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "\(mark.line):\(mark.column): \(problem)"
    case .duplicatedKeysInMapping(let keys, let context):
      "\(context.mark.line):\(context.mark.column): the key \(keys.map { "'\($0)'" }.joined(separator: ", ")) "
        + "stands twice"
    default: "1:1: \("\(self)".split(separator: "\n").first ?? "not YAML")"
    }
  }
}

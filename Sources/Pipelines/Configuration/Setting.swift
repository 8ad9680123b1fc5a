import Foundation

/// One `--set STAGE.KEY=VALUE` of the command line.
public struct Setting: Sendable, Hashable {
  /// The stage.
  public let stage: String
  /// The parameter.
  public let key: String
  /// The text after `=`.
  public let value: String

  /// Reads `STAGE.KEY=VALUE`; anything else is wrong use.
  public init(_ text: String) throws {
    guard let equals = text.firstIndex(of: "="), let dot = text[..<equals].firstIndex(of: "."),
      dot > text.startIndex, text.index(after: dot) < equals
    else {
      throw PipelineError.usage(
        "--set \(text): STAGE.KEY=VALUE expected, such as --set threshold.high=0.3. "
          + "'malpighi list PIPELINE' names stages and keys.")
    }
    stage = String(text[..<dot])
    key = String(text[text.index(after: dot)..<equals])
    value = String(text[text.index(after: equals)...])
  }
}

extension Pipeline {
  /// The name by which `--set` reaches the training.
  static let trainingName = "train"

  /// The pipeline with `settings` applied in order, relative file names starting in `folder`.
  public func applying(_ settings: [Setting], relativeTo folder: URL) throws -> Pipeline {
    var result = self
    for setting in settings {
      let place = "--set \(setting.stage).\(setting.key)=\(setting.value)"
      let (raw, origin) = (RawValue.scalar(setting.value), ValueOrigin(folder: folder))
      let index = steps.firstIndex { $0.name == setting.stage }
      let trained = setting.stage == Pipeline.trainingName ? result.training : nil
      guard index != nil || trained != nil else {
        let known = steps.map(\.name) + (training == nil ? [] : [Pipeline.trainingName])
        throw PipelineError.configuration(
          "\(place): " + UnknownName(name: setting.stage, known: known).message("stage")
            + " in pipeline \(name)")
      }
      do {
        if let index {
          try result.set(setting.key, to: raw, ofStep: index, origin: origin)
        } else if var training = trained {
          try training.set(setting.key, to: raw, origin: origin)
          result.training = training
        }
      } catch let unknown as UnknownName {
        throw PipelineError.configuration(
          "\(place): \(unknown.message("parameter of stage \(setting.stage)"))")
      } catch let wrong as WrongValue {
        throw PipelineError.configuration(
          "\(place): \(wrong.expected) expected, found '\(wrong.found)'")
      }
    }
    try result.validate()
    return result
  }
}

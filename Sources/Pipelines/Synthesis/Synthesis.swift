import Foundation

/// A maker of synthetic cases, as a value: its stored properties are its parameters (`--set KEY=VALUE`).
public protocol Synthesis: Parametrized {
  /// Write case `index` of `seed` below `folder`: `images/ID...` and `labels/ID...`, or a folder a patient. Returns the
  /// files. The same seed, index and parameters give the same bytes.
  func write(index: Int, seed: UInt64, into folder: URL) throws -> [URL]
}

extension Parametrized {
  /// The value with `settings` (each `KEY=VALUE`) applied, relative file names starting in `folder`.
  public func applying(_ settings: [String], relativeTo folder: URL) throws -> Self {
    var result = self
    for setting in settings {
      guard let equals = setting.firstIndex(of: "="), equals > setting.startIndex else {
        throw PipelineError.usage("--set \(setting): KEY=VALUE expected")
      }
      let (key, value) = (
        String(setting[..<equals]), String(setting[setting.index(after: equals)...])
      )
      do { try result.set(key, to: .scalar(value), origin: ValueOrigin(folder: folder)) } catch let
        unknown as UnknownName
      {
        throw PipelineError.configuration(
          "--set \(setting): \(unknown.message("parameter of \(Self.name)"))")
      } catch let wrong as WrongValue {
        throw PipelineError.configuration(
          "--set \(setting): \(wrong.expected) expected, found '\(wrong.found)'")
      }
    }
    do { try result.validate() } catch let wrong as WrongValue {
      throw PipelineError.configuration(
        "\(Self.name): \(wrong.expected) expected, found \(wrong.found)")
    }
    return result
  }
}

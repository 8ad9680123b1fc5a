import Foundation
import Reports

/// One step of a pipeline, as a value: its stored properties are its parameters.
///
/// A stage reads files, calls the domain module, writes files; the science is not here. Declare the parameters with
/// ``Parameter``, the files it reads with ``StageInput``, those it writes with ``StageOutput``, and add the type to a
/// ``StageRegistry``; a pipeline then names it in YAML.
///
/// ```swift
/// struct Invert: Stage {
///   static let name = "example.invert"
///   static let summary = "Dark to bright and back."
///   static let parameters = [Parameter("maximum", \Invert.maximum, "the value that becomes 0")]
///   static let inputs = [StageInput("image", from: "input", "the image")]
///   static let outputs = [StageOutput("inverted.nii.gz", "the inverted image")]
///   var maximum = 255.0
///   func run(_ context: StageContext) throws { ... }
/// }
/// ```
public protocol Stage: Parametrized {
  /// Raised when the same parameters and inputs give other outputs than before, so that old results are redone.
  static var version: Int { get }
  /// The files it reads.
  static var inputs: [StageInput] { get }
  /// The files it writes.
  static var outputs: [StageOutput] { get }
  /// The most memory it takes for a case of that size, in bytes, the program itself left out: what a cluster is asked
  /// for, and what is compared with the limits of the machine before anything is begun.
  func memoryEstimate(for size: CaseSize) -> Int
  /// Reads the inputs and writes the outputs.
  func run(_ context: StageContext) throws
}

extension Stage {
  /// The first version.
  public static var version: Int { 1 }
}

/// A file a stage reads.
public struct StageInput: Sendable {
  /// Whether a stage runs without it.
  public enum Need: Sendable {
    /// The run fails where it is missing.
    case required
    /// The stage works without it.
    case optional
    /// Where it is missing the stage is left out (such as scores without a label).
    case condition
  }

  /// The name by which the stage asks for it, and by which a pipeline may connect another file to it.
  public let name: String
  /// Where it comes from unless the pipeline says otherwise.
  public let source: InputSource
  /// Whether the stage runs without it.
  public let need: Need
  /// What it is.
  public let help: String

  /// An input called `name`. `source` is `input` (the file or folder of the case), `label` (the file given with
  /// `--label`) or `STAGE/FILE`.
  public init(_ name: String, from source: String, _ help: String, need: Need = .required) {
    self.name = name
    self.source = InputSource(source)
    self.need = need
    self.help = help
  }
}

/// Where an input of a stage comes from.
public enum InputSource: Sendable, Hashable, CustomStringConvertible {
  /// The file or folder of the case.
  case caseInput
  /// The label given with the case.
  case label
  /// A file written by an earlier stage of the pipeline.
  case output(stage: String, file: String)
  /// A file named by the user.
  case file(InputFile)

  /// `input`, `label` or `STAGE/FILE`.
  public init(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
    switch (text, parts.count) {
    case ("label", _): self = .label
    case (_, 2): self = .output(stage: parts[0], file: parts[1])
    default: self = .caseInput
    }
  }

  /// As written in YAML.
  public var description: String {
    switch self {
    case .caseInput: "input"
    case .label: "label"
    case .output(let stage, let file): "\(stage)/\(file)"
    case .file(let file): file.url.path
    }
  }
}

/// A file a stage writes into its folder.
public struct StageOutput: Sendable {
  /// What a file is to the rest of the run.
  public enum Role: Sendable {
    /// A result.
    case result
    /// The mask a case is about: what `evaluate` scores of a folder of results.
    case mask
    /// A result that is written in some cases only.
    case optional
    /// JSON whose numbers become the scores of the case in the summary.
    case metrics
    /// The report of the case; it is placed in the case's folder, not in the stage's.
    case report
  }

  /// The file name inside the stage's folder.
  public let file: String
  /// What it is to the run.
  public let role: Role
  /// What it holds.
  public let help: String

  /// A file called `file`.
  public init(_ file: String, _ help: String, role: Role = .result) {
    self.file = file
    self.role = role
    self.help = help
  }
}

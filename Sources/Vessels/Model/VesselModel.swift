import Foundation
import NeuralNetworks

/// A trained vessel network with everything its user has to know: design, weights, what each output channel means, how
/// intensities are scaled, and at which probability a voxel counts as vessel.
///
/// On disk a safetensors file whose tensors carry the names of ``Weights`` and whose metadata has the rest as JSON under
/// ``metadataKey``.
public struct VesselModel: Sendable {
  /// One channel of the network's full-resolution output.
  public struct Output: Codable, Hashable, Sendable {
    /// What it was trained to find.
    public var convention: LabelConvention
    /// The probability from which a voxel is vessel, as tuned on validation volumes; in (0, 1).
    public var threshold: Float

    /// A channel trained on labels of `convention`.
    public init(_ convention: LabelConvention, threshold: Float = 0.5) {
      self.convention = convention
      self.threshold = threshold
    }
  }

  /// What the metadata holds.
  struct Facts: Codable, Hashable {
    var design: UNet3D
    var outputs: [Output]
    var normalization: IntensityNormalization
    var notes: [String: String]
  }

  /// The key of the metadata.
  public static let metadataKey = "malpighi.vessel-model"

  /// The network.
  public let design: UNet3D
  /// Its parameters.
  public var weights: Weights
  /// The meaning of its output channels, in their order.
  public var outputs: [Output]
  /// How a volume is scaled before the network sees it.
  public var normalization: IntensityNormalization
  /// Whatever else is worth knowing: recipe, seed, steps, scores.
  public var notes: [String: String]

  /// A model of as many outputs as `design` has output channels.
  public init(
    design: UNet3D, weights: Weights, outputs: [Output], normalization: IntensityNormalization = .percentile,
    notes: [String: String] = [:]
  ) {
    precondition(outputs.count == design.outputChannels, "a meaning for each output channel")
    precondition(weights.table == design.network().table, "weights of this design")
    self.design = design
    self.weights = weights
    self.outputs = outputs
    self.normalization = normalization
    self.notes = notes
  }

  /// The model in a file.
  /// - Throws: ``VesselModelError``, `SafeTensorsError` for a damaged file, `WeightsMismatch` where the tensors are not
  ///   those of the design.
  public init(contentsOf url: URL) throws {
    guard FileManager.default.fileExists(atPath: url.path) else { throw VesselModelError.missing(url.path) }
    let file = try SafeTensors(contentsOf: url)
    guard let text = file.metadata[Self.metadataKey] else {
      throw VesselModelError.noFacts(
        url.path, isPublished: file.tensors.keys.contains { $0.hasSuffix("Conv1.conv.0.weight") })
    }
    let facts: Facts
    do { facts = try JSONDecoder().decode(Facts.self, from: Data(text.utf8)) } catch {
      throw VesselModelError.facts(url.path, reason: Self.reason(of: error))
    }
    if let reason = Self.fault(of: facts) { throw VesselModelError.facts(url.path, reason: reason) }
    design = facts.design
    weights = try Weights(file.tensors, for: facts.design.network().table, file: url.path)
    outputs = facts.outputs
    normalization = facts.normalization
    notes = facts.notes
  }

  /// Write the model; `type` is `.float32`, or 16 bits for half the size.
  public func write(to url: URL, type: TensorType) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let facts = Facts(design: design, outputs: outputs, normalization: normalization, notes: notes)
    let text = String(decoding: try encoder.encode(facts), as: UTF8.self)
    var tensors = weights.tensors()
    // Statistics stay exact: a variance rounded to 8 bits shifts a whole channel.
    for (name, tensor) in tensors where type != .float32 && tensor.shape.count > 1 {
      tensors[name] = SafeTensors.Tensor(tensor.floats ?? [], shape: tensor.shape, halfPrecision: type)
    }
    try SafeTensors(tensors, metadata: [Self.metadataKey: text]).write(to: url)
  }

  /// The channel trained on `convention`, or nil.
  public func channel(of convention: LabelConvention) -> Int? {
    outputs.firstIndex { $0.convention == convention }
  }

  /// What makes `facts` unusable, so that no file can ask for absurd amounts of memory; nil where nothing does.
  private static func fault(of facts: Facts) -> String? {
    let design = facts.design
    guard (1...1024).contains(design.width), (2...7).contains(design.levels) else {
      return "width 1 to 1024 and 2 to 7 levels expected, found \(design.width) and \(design.levels)"
    }
    if design.supervision != .none && design.levels < 4 {
      return "outputs at three scales need 4 levels, found \(design.levels)"
    }
    guard design.inputChannels == 1 else {
      return "one input channel expected, found \(design.inputChannels)"
    }
    guard design.outputChannels == facts.outputs.count, !facts.outputs.isEmpty, facts.outputs.count <= 16
    else {
      return "\(design.outputChannels) output channels, but \(facts.outputs.count) outputs are described"
    }
    guard design.negativeSlope.isFinite else { return "the slope of the activation is no number" }
    guard facts.outputs.allSatisfy({ $0.threshold > 0 && $0.threshold < 1 }) else {
      return "thresholds between 0 and 1 expected, found \(facts.outputs.map(\.threshold))"
    }
    return nil
  }

  private static func reason(of error: any Error) -> String {
    switch error as? DecodingError {
    case .keyNotFound(let key, _): "'\(key.stringValue)' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "is not JSON of a vessel model"
        : "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' cannot be read"
    default: "cannot be read"
    }
  }
}

/// Why a file is no model for vessels.
public enum VesselModelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// There is no such file.
  case missing(String)
  /// A weights file without the facts this package writes; perhaps one of DS6 or SPOCKMIP.
  case noFacts(String, isPublished: Bool)
  /// The facts cannot be read or make no sense.
  case facts(String, reason: String)
  /// The model has no output of the convention asked for.
  case noOutput(String, wanted: LabelConvention, found: [LabelConvention])

  /// One line: the file, what is wrong, what to do.
  public var description: String {
    switch self {
    case .missing(let file):
      "\(file): no such model. Name a safetensors file, or train one with `malpighi train`."
    case .noFacts(let file, let isPublished):
      "\(file): weights without the description of a vessel model (metadata '\(VesselModel.metadataKey)'). "
        + (isPublished
          ? "They look like published ones: choose the compatible inference of DS6 or SPOCKMIP."
          : "Use a file written by `malpighi train`.")
    case .facts(let file, let reason):
      "\(file): metadata '\(VesselModel.metadataKey)': \(reason). Use a file written by `malpighi train`."
    case .noOutput(let file, let wanted, let found):
      "\(file): no output '\(wanted.rawValue)'; it has \(found.map(\.rawValue).joined(separator: ", ")). "
        + "Choose one of these or another model."
    }
  }
}

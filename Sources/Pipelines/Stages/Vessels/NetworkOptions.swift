import Foundation
import ImageFiles
import Imaging
import NeuralNetworks
import Reports
import Vessels

extension VesselSegmentation.Mode: ParameterChoice {}
extension WindowMirroring: ParameterChoice {}

/// The parameters of stages that run a vessel network.
struct NetworkOptions: Sendable {
  enum Precision: String, ParameterChoice { case auto, f32, bf16x3, bf16x2, bf16 }
  enum Compatibility: String, ParameterChoice { case none, ds6, spockmip }

  var model: InputFile?
  var ensemble: [InputFile] = []
  var convention = LabelConvention.all
  var mode = VesselSegmentation.Mode.tiles
  var patch: Int?
  var overlap = 0.5
  var halo = 24
  var offset = [0, 0, 0]
  var mirror = WindowMirroring.none
  var precision = Precision.auto
  var memory = 1024
  var anisotropyLimit = 1.5
  var compat = Compatibility.none

  func validate() throws {
    if let patch, patch < 16 || patch > 512 || patch % 16 != 0 {
      throw WrongValue(found: "\(patch)", expected: "patch: a multiple of 16 from 16 to 512, or none")
    }
    if mode == .tiles, let patch, patch <= 2 * halo {
      throw WrongValue(found: "patch \(patch)", expected: "patch: more than twice the halo of \(halo)")
    }
    if compat != .none, !ensemble.isEmpty {
      throw WrongValue(
        found: "\(ensemble.count) files",
        expected: "ensemble: none, as the published inference runs one network")
    }
    guard offset.count == 3, offset.allSatisfy({ (0..<(patch ?? 64)).contains($0) }) else {
      throw WrongValue(
        found: offset.json.plainText, expected: "offset: three numbers from 0 to \((patch ?? 64) - 1)")
    }
  }

  /// The network named by the parameters.
  func load() throws -> LoadedNetwork {
    guard let model else {
      throw PipelineError.configuration(
        "no model: name the network's safetensors file with --set segment.model=FILE")
    }
    switch compat {
    case .none:
      let members = try ([model] + ensemble).map { file in
        let member = try VesselModel(contentsOf: file.url)
        guard let channel = member.channel(of: convention) else {
          throw VesselModelError.noOutput(
            file.url.path, wanted: convention, found: member.outputs.map(\.convention))
        }
        return (model: member, channel: channel)
      }
      let thresholds = members.map { $0.model.outputs[$0.channel].threshold }
      return LoadedNetwork(
        model: members[0].model, channel: members[0].channel, others: Array(members.dropFirst()),
        threshold: thresholds.reduce(0, +) / Float(thresholds.count))
    case .ds6, .spockmip:
      let (design, weights) = try DS6Weights.read(model.url, negativeSlope: compat == .ds6 ? 0 : 0.01)
      guard design.inputChannels == 1, design.outputChannels == 1 else {
        throw PipelineError.badData(
          "\(model.url.path): \(design.inputChannels) input channels, one expected. Use weights for angiographies."
        )
      }
      let published = VesselModel(
        design: design, weights: weights, outputs: [.init(convention)], normalization: .patchMaximum)
      return LoadedNetwork(model: published, channel: 0, threshold: nil)
    }
  }

  /// The probabilities of `network` for `image`.
  func segment(
    _ image: Volume<Float>, _ network: LoadedNetwork, _ context: StageContext,
    progress: (Double) throws -> Void
  ) throws -> NetworkAnswer {
    var segmentation = compat == .none ? VesselSegmentation() : .published
    if compat == .none {
      segmentation.mode = mode
      segmentation.patch = patch
      segmentation.overlap = overlap
      segmentation.halo = halo
      segmentation.offset = VoxelShape(offset[0], offset[1], offset[2])
      segmentation.anisotropyLimit = anisotropyLimit
    }
    segmentation.mirroring = mirror
    segmentation.precision = Plan.Precision(rawValue: precision.rawValue) ?? .automatic
    segmentation.memoryBytes = memory << 20
    if !KernelLibrary.hasBFloat16, precision == .auto || precision == .bf16 {
      context.logger.notice("this CPU has no bf16 arithmetic: the network runs in f32")
      if precision == .bf16 { context.warn("this CPU has no bf16 arithmetic; f32 is used instead") }
    }
    let share = 1 / Double(1 + network.others.count)
    let outcome = try segmentation(
      image, model: network.model, channel: network.channel, progress: { try progress(share * $0) })
    var probability = outcome.probability
    for (number, other) in network.others.enumerated() {
      let answer = try segmentation(image, model: other.model, channel: other.channel) {
        try progress(share * (Double(number + 1) + $0))
      }
      probability.add(answer.probability)
    }
    if !network.others.isEmpty { probability = probability.map { Float(share) * $0 } }
    if outcome.memoryBytes > segmentation.memoryBytes {
      context.warn(
        "the published windows need \(outcome.memoryBytes >> 20) MiB for this network, more than memory_mib: \(memory)"
      )
    }
    if outcome.windows.computed == 0 { context.warn("the image holds no signal; there is nothing to find") }
    return NetworkAnswer(
      probability: probability,
      facts: NetworkFacts(
        convention: network.model.outputs[network.channel].convention.rawValue, threshold: network.threshold,
        width: network.model.design.width, precision: outcome.precision.rawValue,
        window: outcome.window.extents, windows: outcome.windows.computed,
        emptyWindows: outcome.windows.empty, networkMiB: outcome.memoryBytes >> 20,
        networks: 1 + network.others.count, notes: network.model.notes))
  }
}

/// A network ready to run.
struct LoadedNetwork {
  var model: VesselModel
  /// The output used.
  let channel: Int
  /// Further networks, of an ensemble, and their outputs.
  var others: [(model: VesselModel, channel: Int)] = []
  /// The probability from which a voxel is vessel; nil = Otsu's threshold, as published.
  let threshold: Float?

  /// What the progress bar says.
  var label: String { "U-Net of width \(model.design.width)" }
}

/// What `model.json` says; the stage that decides reads the threshold from it.
struct NetworkFacts: Codable {
  var convention: String
  /// Null = Otsu's.
  var threshold: Float?
  var width: Int
  var precision: String
  var window: [Int]
  var windows: Int
  var emptyWindows: Int
  var networkMiB: Int
  /// Networks whose probabilities were averaged; nil in files that do not say.
  var networks: Int?
  var notes: [String: String]
}

/// The result of a network on one image.
struct NetworkAnswer {
  let probability: Volume<Float>
  let facts: NetworkFacts

  /// Write the map and the facts as the outputs of a stage.
  func write(like header: NIfTIHeader, _ context: StageContext) throws {
    // Steps of 1/255 keep every threshold's meaning and a tenth of the bytes.
    try NIfTIWriter(like: header, displayRange: 0...1)
      .write(probability, to: context.output("probability.nii.gz").path)
    try JSONText.encode(facts).write(to: context.output("model.json"))
  }
}

extension Volume where Scalar == Float {
  /// Add the values of `other`, on the same grid.
  fileprivate mutating func add(_ other: Volume<Float>) {
    withMutableVoxels { sum in
      other.withVoxels { values in
        for index in sum.indices { sum[index] += values[index] }
      }
    }
  }
}

extension VesselSegmentationError: ExitStatusProviding {
  /// A limit that is too small.
  public var exitStatus: ExitStatus { .configuration }
}
extension VesselModelError: ExitStatusProviding {
  /// A missing file, or one that is not what it should be.
  public var exitStatus: ExitStatus {
    if case .missing = self { return .noInput }
    return .badData
  }
}
extension SafeTensorsError: ExitStatusProviding {
  /// A missing or damaged file.
  public var exitStatus: ExitStatus { kind == .unreadable ? .noInput : .badData }
}
extension WeightsMismatch: ExitStatusProviding {
  /// A file of another network.
  public var exitStatus: ExitStatus { .badData }
}

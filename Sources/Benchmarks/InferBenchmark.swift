import ArgumentParser
import Foundation
import ImageFiles
import Imaging
import NeuralNetworks
import Vessels

/// Sliding-window inference of the U-Net MSS over one volume; the keys are those of the MONAI side.
struct InferBenchmark: PeerMeasurement {
  static let configuration = CommandConfiguration(
    commandName: "infer",
    abstract:
      "Time sliding-window inference over a volume: Gaussian blending of logits, volume scaled by mean and deviation."
  )

  @Argument(help: "A NIfTI volume.") var volume: String
  @Option(help: "Channels of the first level.") var width = 16
  @Option(help: "Side of a window; divisible by 16.") var roi = 64
  @Option(help: "The share of a window that overlaps its neighbour.") var overlap = 0.25
  @Flag(help: "Activations in bf16; short for --precision bf16.") var bf16 = false
  @Option(help: "f32, bf16x3, bf16x2 or bf16.") var precision: Plan.Precision?
  @Option(help: "within-window or between-windows: how the cores share the work.")
  var sharing = VesselNetwork.Sharing.betweenWindows
  @Option(help: "Weights (safetensors under this package's names) instead of random ones.")
  var weights: String?
  @Option(help: "Where to write the blended logits (NIfTI), for comparison.") var save: String?
  @OptionGroup var common: CommonOptions
  @OptionGroup var peers: PeerOptions

  struct Report: Encodable {
    var shape: [Int]
    var width: Int
    var roi: Int
    var overlap: Double
    var precision: String
    var loadS: Double
    var inferS: Double
    /// Seconds of `inferS` that went into compiling the network and loading its weights.
    var compileS: Double
    var windows: Int
    var networkMib: Int
    var sharing: String
  }

  func validate() throws {
    guard width > 0, roi > 0, roi % 16 == 0 else {
      throw ValidationError("width above 0, roi a multiple of 16 above 0")
    }
    guard (0..<1).contains(overlap) else { throw ValidationError("overlap from 0 to below 1") }
    guard precision == nil || !bf16 else { throw ValidationError("give --precision or --bf16, not both") }
  }

  private var wanted: Plan.Precision { precision ?? (bf16 ? .bf16 : .f32) }
  var variation: [String] { ["width\(width)", wanted.rawValue] }

  func measure() throws -> Report {
    let (image, loadS) = try timed { try NIfTIFile(path: volume).readVolume() }
    let (network, compileS) = try timed { try self.network(try parameters()) }
    let (logits, inferS) = try timed { try self.logits(of: image.volume, by: network) }
    if let save { try NIfTIWriter(like: image.header).write(logits, to: save) }
    return Report(
      shape: image.volume.shape.extents, width: width, roi: roi, overlap: overlap,
      precision: network.precision.rawValue, loadS: loadS, inferS: compileS + inferS, compileS: compileS,
      windows: windows.windows(over: image.volume.shape).count, networkMib: network.memoryBytes >> 20,
      sharing: sharing.rawValue)
  }

  func contest(in folder: URL) throws -> Contest {
    let image = try NIfTIFile(path: volume).readVolume()
    let shape = image.volume.shape
    let parameters = try parameters()
    let network = try self.network(parameters)
    let (file, result) = (folder.appendingPathComponent("weights.safetensors"), Latest())
    try parameters.write(to: file)
    return Contest(
      program: "infer",
      arguments: [
        volume, "--weights", file.path, "--width", "\(width)", "--roi", "\(roi)", "--overlap", "\(overlap)",
        "--threads", "\(common.threads)",
      ] + (network.precision == .bf16 ? ["--bf16"] : []),
      subject: "U-Net MSS of width \(width) over \(shape.x)×\(shape.y)×\(shape.z) voxels, "
        + "windows of \(roi), overlap \(overlap), \(network.precision.rawValue)",
      warmsUp: false
    ) {
      let (logits, s) = try timed { try self.logits(of: image.volume, by: network) }
      result.logits = logits
      return Contest.Round(seconds: ["whole volume": s])
    } differences: { program in
      guard let logits = result.logits else { return [:] }
      let saved = folder.appendingPathComponent("logits.nii").path
      try NIfTIWriter(like: image.header).write(logits, to: saved)
      return try program.ask("difference \(saved)", Differences.self).values
    }
  }

  /// The logits of the last round.
  private final class Latest { var logits: Volume<Float>? }

  private struct Differences: Decodable { var values: [String: Double] }

  private var windows: SlidingWindow {
    .windows(patch: VoxelShape(roi, roi, roi), overlap: overlap)
  }

  private func parameters() throws -> Weights {
    let table = UNet3D.multiScale(width: width).network().table
    return try weights.map { try Weights(contentsOf: URL(fileURLWithPath: $0), for: table) }
      ?? Weights(table, seed: 1)
  }

  private func network(_ parameters: Weights) throws -> VesselNetwork {
    try VesselNetwork(
      .multiScale(width: width), weights: parameters, window: windows.patch, precision: wanted,
      sharing: sharing)
  }

  private func logits(of image: Volume<Float>, by network: VesselNetwork) throws -> Volume<Float> {
    try windows.run(on: IntensityNormalization.zScore(image), batch: network.batch) { input, output in
      try network.run(input, channel: 0, probabilities: false, into: output)
    }
  }
}

extension Plan.Precision: ExpressibleByArgument {}
extension VesselNetwork.Sharing: ExpressibleByArgument {}

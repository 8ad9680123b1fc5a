import ArgumentParser
import Foundation
import ImageFiles
import Imaging
import NeuralNetworks
import Numerics
import Vessels

/// Sliding-window inference of the U-Net MSS over one volume; the keys are those of the MONAI side.
struct InferBenchmark: ParsableCommand {
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
  @Option(help: "f32, bf16x3, bf16x2 or bf16.") var precision: String?
  @Option(help: "Threads.") var threads = 2
  @Option(help: "within-window or between-windows: how the cores share the work.") var sharing =
    "within-window"
  @Option(help: "Weights (safetensors under this package's names) instead of random ones.") var weights:
    String?
  @Option(help: "Where to write the blended logits (NIfTI), for comparison.") var save: String?

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
    guard width > 0, roi > 0, roi % 16 == 0, (0..<1).contains(overlap), threads > 0,
      VesselNetwork.Sharing(rawValue: sharing) != nil, wanted != nil, precision == nil || !bf16
    else {
      throw ValidationError(
        "precision f32, bf16x3, bf16x2 or bf16; width, roi and threads above 0, roi a multiple of 16, overlap from 0 to below 1, sharing within-window or "
          + "between-windows")
    }
  }

  private var wanted: Plan.Precision? {
    precision.map { Plan.Precision(rawValue: $0) } ?? (bf16 ? .bf16 : .f32)
  }

  func run() throws {
    guard let wanted else { return }
    Parallel.threads = threads
    let clock = ContinuousClock()
    let start = clock.now
    let image = try NIfTIFile(path: volume).readVolume()
    let loaded = clock.now
    let scaled = IntensityNormalization.zScore(image.volume)
    let design = UNet3D.multiScale(width: width)
    let table = design.network().table
    let parameters =
      try weights.map { try Weights(contentsOf: URL(fileURLWithPath: $0), for: table) }
      ?? Weights(table, seed: 1)
    let network = try VesselNetwork(
      design, weights: parameters, window: VoxelShape(roi, roi, roi), precision: wanted,
      sharing: VesselNetwork.Sharing(rawValue: sharing) ?? .withinWindow)
    let compiled = clock.now
    let windows = SlidingWindow.windows(patch: network.window, overlap: overlap)
    let result = try windows.run(on: scaled, batch: network.batch) { input, output in
      try network.run(input, channel: 0, probabilities: false, into: output)
    }
    let end = clock.now
    let report = Report(
      shape: image.volume.shape.extents, width: width, roi: roi, overlap: overlap,
      precision: network.precision.rawValue, loadS: (loaded - start) / .seconds(1),
      inferS: (end - loaded) / .seconds(1), compileS: (compiled - loaded) / .seconds(1),
      windows: windows.windows(over: image.volume.shape).count, networkMib: network.memoryBytes >> 20,
      sharing: sharing)
    if let save { try NIfTIWriter(like: image.header).write(result, to: save) }
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = .sortedKeys
    print(String(decoding: try encoder.encode(report), as: UTF8.self))
  }
}

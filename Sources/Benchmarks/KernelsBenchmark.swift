import ArgumentParser
import ImageAnalysis
import Imaging
import NeuralNetworks
import Numerics

/// Layers and image filters one by one.
struct KernelsBenchmark: Measurement {
  static let configuration = CommandConfiguration(
    commandName: "kernels", abstract: "Time single layers, forward and backward, and image filters.")

  @Option(help: "Channels of the layers.") var width = 16
  @Option(help: "Side of the cubic images; even.") var side = 64
  @Option(help: "Repetitions; the fastest counts.") var `repeat` = 5
  @OptionGroup var common: CommonOptions

  struct Row: Encodable {
    var name: String
    var precision: String?
    /// Seconds forward; of a filter, seconds.
    var forwardS: Double
    var backwardS: Double?
    /// oneDNN's kernels.
    var kernels: [String]?
  }

  struct Report: Encodable {
    var width: Int
    var side: Int
    var threads: Int
    var rows: [Row]
  }

  func validate() throws {
    guard width > 0, side >= 8, side % 2 == 0, `repeat` > 0 else {
      throw ValidationError("width and repeat above 0; side even and at least 8")
    }
  }

  func measure() throws -> Report {
    var rows: [Row] = []
    for precision in KernelLibrary.hasBFloat16 ? [Plan.Precision.f32, .bf16] : [.f32] {
      for (name, layer) in layers { rows.append(try row(name, layer, precision)) }
    }
    return Report(width: width, side: side, threads: common.threads, rows: rows + filters())
  }

  private typealias Layer = (inout Network, FeatureMap) -> FeatureMap

  private var layers: [(String, Layer)] {
    let width = width
    return [
      ("3³ convolution", { $0.convolution($1, to: width, Convolution(kernel: 3), name: "layer") }),
      (
        "1³ convolution to one channel",
        { $0.convolution($1, to: 1, Convolution(kernel: 1), name: "layer") }
      ),
      (
        "nearest ×2 and 3³ convolution",
        { net, x in
          let coarse = net.pooling(x, Pooling(.maximum, kernel: 2, stride: 2))
          let up = net.upsampling(coarse, Upsampling(.nearest, factor: 2))
          return net.convolution(up, to: width, Convolution(kernel: 3), name: "layer")
        }
      ),
      (
        "batch normalisation and ReLU",
        { net, x in
          net.activation(net.normalisation(x, Normalisation(.batch(momentum: 0.1)), name: "layer"), .relu)
        }
      ),
      ("2³ maximum pooling", { $0.pooling($1, Pooling(.maximum, kernel: 2, stride: 2)) }),
    ]
  }

  /// The layer behind a convolution that makes its input, so that it has a gradient to pass on.
  private func row(_ name: String, _ layer: Layer, _ precision: Plan.Precision) throws -> Row {
    var network = Network(spatialAxes: 3)
    let image = network.input(channels: 1)
    let input = network.convolution(image, to: width, Convolution(kernel: 1), name: "input")
    network.setOutputs([layer(&network, input)])
    let plan = try network.compile(
      inputShape: [1, 1, side, side, side], mode: .training, precision: precision)
    var weights = network.initialWeights(seed: 1)
    var gradient = [Float](repeating: 0, count: network.trainableCount)
    let values = (0..<side * side * side).map { Float($0 % 17) / 17 }
    var best: OperationTime?
    for _ in 0..<`repeat` {
      plan.resetTimes()
      try plan.forward(values, updating: &weights)
      for output in plan.outputGradients { output.values.update(repeating: 1e-3) }
      try plan.backward(weights, into: &gradient)
      guard let time = plan.operationTimes.last(where: { ["layer", "pooling"].contains($0.name) }) else {
        continue
      }
      if best.map({ total($0) > total(time) }) ?? true { best = time }
    }
    return Row(
      name: name, precision: plan.precision.rawValue, forwardS: best?.forwardSeconds ?? .nan,
      backwardS: best?.backwardSeconds, kernels: best?.kernels.map(\.name))
  }

  private func total(_ time: OperationTime) -> Double { time.forwardSeconds + time.backwardSeconds }

  private func filters() -> [Row] {
    let grid = VoxelGrid(shape: VoxelShape(side, side, side))
    var stream = RandomStream(seed: 1, purpose: "benchmark/kernels")
    let image = Volume(grid: grid, voxels: (0..<grid.shape.count).map { _ in stream.normal() })
    let mask = image.gaussianSmoothed(sigma: 2).map { $0 > 0 ? UInt8(1) : 0 }
    func row(_ name: String, _ body: () -> Void) -> Row {
      Row(name: name, forwardS: timed(repetitions: `repeat`, body).s)
    }
    return [
      row("Gaussian, σ 2 voxels") { _ = image.gaussianSmoothed(sigma: 2) },
      row("distance to the foreground") { _ = mask.distanceToForeground() },
      row("skeleton") { _ = mask.skeletonized() },
    ]
  }
}

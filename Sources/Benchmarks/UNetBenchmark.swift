import ArgumentParser
import Foundation
import NeuralNetworks
import Numerics

/// One training step and one inference of the U-Net with multi-scale supervision; the keys are those of the PyTorch side.
struct UNetBenchmark: Measurement {
  static let configuration = CommandConfiguration(
    commandName: "unet", abstract: "Time a training step and an inference of the U-Net MSS.")

  @Option(help: "Channels of the first level.") var width = 16
  @Option(help: "Side of the cubic patch; divisible by 16.") var side = 64
  @Option(help: "Patches in a batch.") var batch = 1
  @Option(help: "Repetitions; the fastest counts.") var `repeat` = 5
  @Option(help: "Threads.") var threads = 2
  @Flag(help: "Add the time of every operation of the fastest repetition.") var operations = false
  @Flag(help: "Also time f32 without tiles, and bf16x2.") var everyPrecision = false

  struct Row: Encodable {
    var trainS: Double
    var inferS: Double
    /// Bytes of the training plan.
    var trainBytes: Int
    /// Share of a step in which oneDNN's convolutions ran.
    var trainConvolutionShare: Double
    var inferConvolutionShare: Double
    var trainOperations: [OperationTime]?
    var inferOperations: [OperationTime]?
  }

  struct Report: Encodable {
    var width: Int
    var side: Int
    var batch: Int
    var threads: Int
    var parameters: Int
    var instructionSet: String
    var f32: Row
    var bf16: Row?
    var bf16x3: Row?
    var bf16x2: Row?
  }

  func validate() throws {
    guard width > 0, side > 0, side % 16 == 0, batch > 0, `repeat` > 0, threads > 0 else {
      throw ValidationError("width, batch, repeat and threads above 0; side a multiple of 16")
    }
  }

  func measure() throws -> Report {
    Parallel.threads = threads
    let network = UNet3D.multiScale(width: width).network()
    let f32 = try time(network, .f32)
    return Report(
      width: width, side: side, batch: batch, threads: threads, parameters: network.trainableCount,
      instructionSet: KernelLibrary.instructionSet, f32: f32,
      bf16: KernelLibrary.hasBFloat16 ? try time(network, .bf16) : nil,
      bf16x3: everyPrecision && KernelLibrary.hasTiles ? try time(network, .bf16x3) : nil,
      bf16x2: everyPrecision && KernelLibrary.hasTiles ? try time(network, .bf16x2) : nil)
  }

  private func time(_ network: Network, _ precision: Plan.Precision) throws -> Row {
    let shape = [batch, 1, side, side, side]
    let count = shape.reduce(1, *)
    var stream = RandomStream(seed: 1, purpose: "benchmark")
    let input = (0..<count).map { _ in stream.normal() }
    let target = (0..<count).map { _ in stream.chance(0.05) ? Float(1) : 0 }
    var weights = network.initialWeights(seed: 1)
    var row = Row(
      trainS: .infinity, inferS: .infinity, trainBytes: 0, trainConvolutionShare: 0,
      inferConvolutionShare: 0)

    let training = try network.compile(inputShape: shape, mode: .training, precision: precision)
    row.trainBytes = training.memoryBytes
    let targets = training.outputs.map { pooled(target, from: side, to: $0.shape[2]) }
    var gradient = [Float](repeating: 0, count: network.trainableCount)
    var optimizer = Optimizer(.adam(Adam()), for: network.table)
    for _ in 0..<`repeat` {
      training.resetTimes()
      let start = ContinuousClock.now
      try training.forward(input, updating: &weights)
      for (index, output) in training.outputs.enumerated() {
        // Each coarse voxel stands for the voxels of the label that it covers.
        let covered = Double(count) / Double(output.values.count)
        _ = FocalTverskyLoss(on: .logits, voxelsPerEntry: covered).evaluate(
          UnsafeBufferPointer(output.values), target: targets[index], shape: output.shape,
          gradient: training.outputGradients[index].values)
        let share: Float = [1, 0.66, 0.34][index]
        for i in training.outputGradients[index].values.indices {
          training.outputGradients[index].values[i] *= share
        }
      }
      try training.backward(weights, into: &gradient)
      optimizer.step(&weights, gradient: gradient, learningRate: 1e-4)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      if seconds < row.trainS {
        row.trainS = seconds
        row.trainConvolutionShare = training.convolutionSeconds / seconds
        if operations { row.trainOperations = training.operationTimes }
      }
    }
    let inference = try network.compile(inputShape: shape, mode: .inference, precision: precision)
    try inference.load(weights)
    for _ in 0..<`repeat` {
      inference.resetTimes()
      let start = ContinuousClock.now
      try inference.forward(input)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      if seconds < row.inferS {
        row.inferS = seconds
        row.inferConvolutionShare = inference.convolutionSeconds / seconds
        if operations { row.inferOperations = inference.operationTimes }
      }
    }
    for buffer in targets { buffer.deallocate() }
    return row
  }

  /// Means of the label over the blocks that one coarse voxel covers.
  private func pooled(_ label: [Float], from side: Int, to coarse: Int) -> UnsafeBufferPointer<Float> {
    let factor = side / coarse
    let result = UnsafeMutableBufferPointer<Float>.allocate(capacity: batch * coarse * coarse * coarse)
    result.initialize(repeating: 0)
    for index in label.indices {
      let (w, h) = (index % side, index / side % side)
      let (d, n) = (index / (side * side) % side, index / (side * side * side))
      result[((n * coarse + d / factor) * coarse + h / factor) * coarse + w / factor] +=
        label[index] / Float(factor * factor * factor)
    }
    return UnsafeBufferPointer(result)
  }
}

import ArgumentParser
import Foundation
import NeuralNetworks

/// One training step and one inference of the U-Net with multi-scale supervision; the keys are those of the PyTorch side.
struct UNetBenchmark: PeerMeasurement {
  static let configuration = CommandConfiguration(
    commandName: "unet", abstract: "Time a training step and an inference of the U-Net MSS.")

  @Option(help: "Channels of the first level.") var width = 16
  @Option(help: "Side of the cubic patch; divisible by 16.") var side = 64
  @Option(help: "Patches in a batch.") var batch = 1
  @Option(help: "Repetitions; the fastest counts.") var `repeat` = 5
  @Flag(help: "Add the time of every operation of the fastest repetition.") var operations = false
  @Flag(help: "Also time bf16x3 and bf16x2 where the CPU has AMX tiles.") var everyPrecision = false
  @OptionGroup var common: CommonOptions
  @OptionGroup var peers: PeerOptions

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
    guard width > 0, side > 0, side % 16 == 0, batch > 0, `repeat` > 0 else {
      throw ValidationError("width, batch and repeat above 0; side a multiple of 16")
    }
  }

  var variation: [String] { ["width\(width)"] }

  func measure() throws -> Report {
    let network = UNet3D.multiScale(width: width).network()
    let hasTiles = everyPrecision && KernelLibrary.hasTiles
    return Report(
      width: width, side: side, batch: batch, threads: common.threads, parameters: network.trainableCount,
      instructionSet: KernelLibrary.instructionSet, f32: try row(.f32),
      bf16: KernelLibrary.hasBFloat16 ? try row(.bf16) : nil, bf16x3: hasTiles ? try row(.bf16x3) : nil,
      bf16x2: hasTiles ? try row(.bf16x2) : nil)
  }

  private func row(_ precision: Plan.Precision) throws -> Row {
    let run = try UNetRun(width: width, side: side, batch: batch, precision: precision)
    let train = try fastest(of: run.training, run.train)
    let infer = try fastest(of: run.inference, run.infer)
    return Row(
      trainS: train.s, inferS: infer.s, trainBytes: run.training.memoryBytes,
      trainConvolutionShare: train.convolutions / train.s,
      inferConvolutionShare: infer.convolutions / infer.s, trainOperations: train.operations,
      inferOperations: infer.operations)
  }

  /// The fastest repetition of `pass`, with what `plan` says of it.
  private func fastest(of plan: Plan, _ pass: () throws -> Void) throws -> (
    s: Double, convolutions: Double, operations: [OperationTime]?
  ) {
    var best = (s: Double.infinity, convolutions: 0.0, operations: [OperationTime]?.none)
    for _ in 0..<`repeat` {
      plan.resetTimes()
      let s = try timed { try pass() }.s
      if s < best.s { best = (s, plan.convolutionSeconds, operations ? plan.operationTimes : nil) }
    }
    return best
  }

  func contest(in folder: URL) throws -> Contest {
    var runs = [("f32", try UNetRun(width: width, side: side, batch: batch, precision: .f32))]
    if KernelLibrary.hasBFloat16 {
      runs.append(("bf16", try UNetRun(width: width, side: side, batch: batch, precision: .bf16)))
    }
    var arguments = ["width": width, "side": side, "batch": batch, "threads": common.threads]
      .flatMap { ["--\($0.key)", "\($0.value)"] }
    if runs.count > 1 { arguments.append("--bf16") }
    return Contest(
      program: "unet", arguments: arguments,
      subject: "U-Net MSS of width \(width) on \(batch) of \(side)×\(side)×\(side) voxels"
    ) {
      var seconds: [String: Double] = [:]
      for (precision, run) in runs {
        seconds["training step, \(precision)"] = try timed { try run.train() }.s
        seconds["inference, \(precision)"] = try timed { try run.infer() }.s
      }
      return Contest.Round(seconds: seconds)
    }
  }
}

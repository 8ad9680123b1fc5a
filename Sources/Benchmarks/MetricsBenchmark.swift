import ArgumentParser
import ImageFiles
import Imaging
import Metrics
import Numerics

/// Scores of two masks, one by one and all together; the keys are those of the Python side.
struct MetricsBenchmark: Measurement {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Time Dice, HD95, ASSD, NSD and clDice of two NIfTI masks; voxels above 0 are inside.")

  @Argument(help: "The predicted mask.") var prediction: String
  @Argument(help: "The reference mask; its spacing counts.") var label: String
  @Option(help: "Threads.") var threads = 2

  struct Score: Encodable {
    var value: Double?
    var s: Double
  }

  struct Report: Encodable {
    var shape: [Int]
    var dice: Score
    var hd95: Score
    var assd: Score
    var nsd: Score
    var cldice: Score
    /// All five at once.
    var together: Score
  }

  func validate() throws {
    guard threads > 0 else { throw ValidationError("threads above 0") }
  }

  func measure() throws -> Report {
    Parallel.threads = threads
    let (predicted, reference) = (try mask(prediction), try mask(label))
    let shape = reference.grid.shape
    let tolerance = reference.grid.spacing.x
    func scores(_ metrics: [SegmentationMetric]) throws -> Score {
      let measured = try timed {
        try SegmentationScores(
          prediction: predicted, reference: reference, metrics: metrics, nsdTolerance: tolerance)
      }
      return Score(value: metrics.count == 1 ? measured.result[metrics[0]] : nil, s: measured.s)
    }
    return Report(
      shape: [shape.x, shape.y, shape.z], dice: try scores([.dice]), hd95: try scores([.hd95]),
      assd: try scores([.assd]), nsd: try scores([.nsd]), cldice: try scores([.clDice]),
      together: try scores([.dice, .hd95, .assd, .nsd, .clDice]))
  }

  private func mask(_ path: String) throws -> Mask {
    try NIfTIFile(path: path).readVolume().volume.map { $0 > 0 ? 1 : 0 }
  }
}

import ArgumentParser
import Foundation
import ImageFiles
import Imaging
import Metrics

/// Scores of two masks, one by one and all together; the keys are those of the Python side.
struct MetricsBenchmark: PeerMeasurement {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Time Dice, HD95, ASSD, NSD and clDice of two NIfTI masks; voxels above 0 are inside.")

  @Argument(help: "The predicted mask.") var prediction: String
  @Argument(help: "The reference mask; its spacing counts.") var label: String
  @OptionGroup var common: CommonOptions
  @OptionGroup var peers: PeerOptions

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

  func measure() throws -> Report {
    let masks = try self.masks()
    func score(_ metric: SegmentationMetric) throws -> Score {
      let (scores, s) = try timed { try masks.scores([metric]) }
      return Score(value: scores[metric], s: s)
    }
    return Report(
      shape: masks.reference.shape.extents, dice: try score(.dice), hd95: try score(.hd95),
      assd: try score(.assd), nsd: try score(.nsd), cldice: try score(.clDice),
      together: Score(s: try timed { try masks.scores(Masks.metrics.map(\.metric)) }.s))
  }

  func contest(in folder: URL) throws -> Contest {
    let masks = try self.masks()
    let shape = masks.reference.shape
    return Contest(
      program: "metrics", arguments: [prediction, label, "--threads", "\(common.threads)"],
      subject: "two masks of \(shape.x)×\(shape.y)×\(shape.z) voxels"
    ) {
      var round = Contest.Round(seconds: [:], values: [:])
      for (name, metric) in Masks.metrics {
        let (scores, s) = try timed { try masks.scores([metric]) }
        round.seconds[name] = s
        round.values?[name] = scores[metric]
      }
      round.seconds["all five"] = try timed { try masks.scores(Masks.metrics.map(\.metric)) }.s
      return round
    }
  }

  /// The two masks, and what is asked of them.
  private struct Masks {
    static let metrics: [(name: String, metric: SegmentationMetric)] = [
      ("Dice", .dice), ("HD95", .hd95), ("ASSD", .assd), ("NSD", .nsd), ("clDice", .clDice),
    ]
    let prediction, reference: Mask

    func scores(_ metrics: [SegmentationMetric]) throws -> SegmentationScores {
      try SegmentationScores(
        prediction: prediction, reference: reference, metrics: metrics,
        nsdTolerance: reference.grid.spacing.x)
    }
  }

  private func masks() throws -> Masks {
    func mask(_ path: String) throws -> Mask {
      try NIfTIFile(path: path).readVolume().volume.map { $0 > 0 ? 1 : 0 }
    }
    return Masks(prediction: try mask(prediction), reference: try mask(label))
  }
}

import ArgumentParser
import Foundation
import Metrics

/// What DS6 and SPOCKMIP claim, tried: every network × deformation × projection, from the same patches, on spoiled labels,
/// scored on clean ones.
struct AblationBenchmark: Measurement {
  static let configuration = CommandConfiguration(
    commandName: "ablation",
    abstract: "Networks with and without deformation and projection losses, on spoiled labels.",
    discussion:
      "Trains on synthetic heads whose labels were spoiled, or on the scans given with --train; scores on clean truth. Each "
      + "training's scores are kept in a file of the folder, so that the command can be stopped and started again."
  )

  @Option(help: "The folder of results and weights.") var output: String
  @OptionGroup var size: AblationSize
  @Option(help: "Synthetic heads to train on, and as many others to test on.") var images = 6
  @Option(
    parsing: .upToNextOption,
    help: "Scans to train on instead, each as IMAGE:LABEL (NIfTI).")
  var train: [LabelledScan] = []
  @Option(parsing: .upToNextOption, help: "Scans to test on then.") var test: [LabelledScan] = []
  @Option(parsing: .upToNextOption, help: "Variants; all twelve where absent.")
  var variants: [AblationVariant] = AblationVariant.all
  @OptionGroup var common: CommonOptions

  struct Row: Encodable {
    var network: String
    var deformation: Bool
    var projections: String
    var trainings: Int
    var dice, clDice, betti0Error, betti1Error: BootstrapInterval?
    /// clDice less that of the first variant with the same seed.
    var clDiceGain: BootstrapInterval?
  }

  struct Report: Encodable {
    var width, side, batch, steps, seeds, trainingScans, testScans: Int
    var rows: [Row]
  }

  func validate() throws {
    guard images > 0, train.isEmpty == test.isEmpty, !variants.isEmpty else {
      throw ValidationError("--images above 0, at least one variant, and --train and --test together")
    }
  }

  func measure() throws -> Report {
    let folder = URL(fileURLWithPath: output)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let scans =
      train.isEmpty
      ? AblationScans.synthetic(images: images) : try AblationScans.files(training: train, test: test)
    let training = AblationTraining(scans: scans, size: size, folder: folder)
    var scores: [AblationVariant: [[AblationTraining.Scores]]] = [:]
    for seed in 1...size.seeds {
      for variant in variants {
        scores[variant, default: []].append(try training.scores(of: variant, seed: seed))
      }
    }
    return Report(
      width: size.width, side: size.side, batch: size.batch, steps: size.steps, seeds: size.seeds,
      trainingScans: scans.training.count, testScans: scans.test.count,
      rows: variants.map { row($0, scores[$0, default: []], first: scores[variants[0], default: []]) })
  }

  /// Means over seeds and scans; the intervals resample the trainings, whose spread is the question.
  private func row(
    _ variant: AblationVariant, _ scores: [[AblationTraining.Scores]], first: [[AblationTraining.Scores]]
  ) -> Row {
    func means(
      _ trainings: [[AblationTraining.Scores]], _ value: (AblationTraining.Scores) -> Double?
    ) -> [Double?] {
      trainings.map { scans in
        let known = scans.compactMap(value)
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
      }
    }
    func interval(_ values: [Double?]) -> BootstrapInterval? {
      BootstrapInterval(over: values.compactMap { $0 }, level: 0.95, resamples: 2000, seed: 1) { units in
        units.isEmpty ? nil : units.reduce(0, +) / Double(units.count)
      }
    }
    let gains = zip(means(scores, \.clDice), means(first, \.clDice)).map { pair -> Double? in
      guard let own = pair.0, let other = pair.1 else { return nil }
      return own - other
    }
    return Row(
      network: variant.network.rawValue, deformation: variant.deformation,
      projections: variant.projections.rawValue, trainings: scores.count,
      dice: interval(means(scores, \.dice)), clDice: interval(means(scores, \.clDice)),
      betti0Error: interval(means(scores, \.betti0Error)),
      betti1Error: interval(means(scores, \.betti1Error)),
      clDiceGain: interval(gains))
  }
}

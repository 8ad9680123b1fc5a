import ArgumentParser
import Foundation
import ImageAnalysis
import Imaging
import Metrics
import NeuralNetworks
import Numerics
import Vessels

/// What DS6 and SPOCKMIP claim, tried: every network × deformation × projection, from the same patches, on spoiled labels,
/// scored on clean ones.
struct AblationBenchmark: Measurement {
  static let configuration = CommandConfiguration(
    commandName: "ablation",
    abstract: "Networks with and without deformation and projection losses, on spoiled synthetic labels.",
    discussion:
      "Each training's scores are kept in a file of the folder, so that the command can be stopped and started again."
  )

  @Option(help: "The folder of results and weights.") var output: String
  @Option(help: "Channels at full resolution.") var width = 8
  @Option(help: "Side of a patch, in voxels.") var side = 32
  @Option(help: "Patches a step.") var batch = 4
  @Option(help: "Steps of each training.") var steps = 600
  @Option(help: "Seeds of each variant.") var seeds = 3
  @Option(help: "Training and test images.") var images = 6
  @OptionGroup var common: CommonOptions

  /// The scores of one training on one test image.
  struct Scores: Codable { var dice, clDice, betti0Error, betti1Error: Double? }

  struct Row: Encodable {
    var network: String
    var deformation: Bool
    var projections: String
    var trainings: Int
    var dice, clDice, betti0Error, betti1Error: BootstrapInterval?
  }

  struct Report: Encodable {
    var width, side, batch, steps, seeds, images: Int
    var rows: [Row]
  }

  func validate() throws {
    guard side % 16 == 0, min(width, batch, steps, seeds, images) > 0 else {
      throw ValidationError("numbers above 0, the side a multiple of 16")
    }
  }

  func measure() throws -> Report {
    let folder = URL(fileURLWithPath: output)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let domain = RandomHead(shape: VoxelShape(96, 96, 64), spacing: 0.6)
    let samples = (0..<2 * images).map { domain.draw(seed: 4711, index: $0).make() }
    let training = samples[..<images].enumerated().map { index, sample in
      TrainingVolume(
        id: "\(index)", image: IntensityNormalization.percentile(sample.image),
        label: SpoiledLabel()(sample, seed: UInt64(index)))
    }
    let test = Array(samples[images...])
    var rows: [Row] = []
    for network in ["unet", "mss"] {
      for deformation in [false, true] {
        for projections in ["none", "z", "multi"] {
          var scores: [[Scores]] = []
          for seed in 1...seeds {
            let name = "\(network)-\(deformation ? "deformation" : "plain")-\(projections)-\(seed)"
            let variant = settings(network, deformation, projections, seed: seed)
            scores.append(try result(name, variant, training, test, folder))
          }
          rows.append(row(network, deformation, projections, scores))
        }
      }
    }
    return Report(
      width: width, side: side, batch: batch, steps: steps, seeds: seeds, images: images, rows: rows)
  }

  private func settings(_ network: String, _ deformation: Bool, _ projections: String, seed: Int)
    -> VesselTrainingSettings
  {
    var optimization = Trainer.Settings(learningRate: 1e-3, steps: steps)
    optimization.algorithm = .adam(Adam(weightDecay: 1e-4))
    optimization.schedule = .cosine(floor: 0.01)
    optimization.gradientLimit = 5
    optimization.averageDecay = 0.99
    let design: UNet3D = network == "mss" ? .multiScale(width: width) : UNet3D(width: width)
    var result = VesselTrainingSettings(design: design, outputs: [.all], optimization: optimization)
    (result.side, result.batch, result.stepsPerEpoch, result.epochs) = (side, batch, steps, 1)
    (result.seed, result.selection) = (UInt64(seed), .last)
    if network == "unet" { result.objective.scales = [1] }
    result.objective.crossEntropy = 1
    if deformation {
      result.deformation = RandomElasticDeformation()
      result.objective.consistency = .init()
    }
    if projections != "none" {
      result.objective.projection = .init(axes: projections == "z" ? [.z] : [.x, .y, .z])
    }
    return result
  }

  /// The scores of a variant, from its file or by training it.
  private func result(
    _ name: String, _ settings: VesselTrainingSettings, _ volumes: [TrainingVolume],
    _ test: [SyntheticAngiographySample], _ folder: URL
  ) throws -> [Scores] {
    let file = folder.appendingPathComponent("\(name).json")
    if let data = try? Data(contentsOf: file) { return try JSONDecoder().decode([Scores].self, from: data) }
    let shape = VoxelShape(side, side, side)
    let own = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
    // The same patches for all variants of a seed.
    let source = VolumePatchSource(
      volumes, count: batch, sampler: PatchSampler(patch: shape, foregroundFraction: 0.5),
      augmentation: .turnsOnly, seed: settings.seed)
    let composer = BatchComposer(
      [source], patch: shape, deformation: settings.deformation, seed: settings.seed)
    let trained = try VesselTraining(settings, folder: own)
    _ = try trained.resume()
    _ = try trained.run(batches: { composer.batch(step: $0) }, threads: 0, validate: nil) { _ in .proceed }
    let scores = try score(trained.model, test)
    try JSONEncoder().encode(scores).write(to: file, options: .atomic)
    try FileManager.default.removeItem(at: own)
    return scores
  }

  private func score(_ model: VesselModel, _ test: [SyntheticAngiographySample]) throws -> [Scores] {
    let plan = try model.design.network().compile(
      inputShape: [1, 1, 64, 64, 64], mode: .inference, precision: .automatic)
    try plan.load(model.weights)
    return try test.map { sample in
      let image = model.normalization(sample.image)
      let tiles = SlidingWindow.tiles(patch: VoxelShape(64, 64, 64), halo: 16)
      let mask = try tiles.run(on: image, batch: 1) { input, output in
        try plan.forward(input)
        for index in output.indices { output[index] = plan.outputs[0].values[index] }
      }.map { UInt8($0 >= 0 ? 1 : 0) }
      let scores = try SegmentationScores(
        prediction: mask, reference: sample.all, metrics: [.dice, .clDice, .betti0Error, .betti1Error],
        nsdTolerance: 0.6)
      return Scores(
        dice: scores[.dice], clDice: scores[.clDice], betti0Error: scores[.betti0Error],
        betti1Error: scores[.betti1Error])
    }
  }

  /// Means over seeds and images; the intervals resample the trainings, whose spread is the question.
  private func row(_ network: String, _ deformation: Bool, _ projections: String, _ scores: [[Scores]]) -> Row
  {
    func interval(_ value: (Scores) -> Double?) -> BootstrapInterval? {
      let means = scores.compactMap { training -> Double? in
        let known = training.compactMap(value)
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
      }
      return BootstrapInterval(over: means, level: 0.95, resamples: 2000, seed: 1) { units in
        units.isEmpty ? nil : units.reduce(0, +) / Double(units.count)
      }
    }
    return Row(
      network: network, deformation: deformation, projections: projections, trainings: scores.count,
      dice: interval(\.dice), clDice: interval(\.clDice), betti0Error: interval(\.betti0Error),
      betti1Error: interval(\.betti1Error))
  }
}

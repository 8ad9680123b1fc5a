import Foundation
import Imaging
import Metrics
import NeuralNetworks
import Vessels

/// Trains variants and scores them, each once: the scores are kept in a file.
struct AblationTraining {
  /// The scores of one training on one test scan.
  struct Scores: Codable { var dice, clDice, betti0Error, betti1Error: Double? }

  let scans: AblationScans
  let size: AblationSize
  let folder: URL

  /// The scores of `variant` with `seed` on each test scan.
  func scores(of variant: AblationVariant, seed: Int) throws -> [Scores] {
    let name = "\(variant)-\(seed)"
    let file = folder.appendingPathComponent("\(name).json")
    if let data = try? Data(contentsOf: file) { return try JSONDecoder().decode([Scores].self, from: data) }
    let own = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
    let scores = try train(variant.settings(size, seed: seed), in: own)
    try JSONEncoder().encode(scores).write(to: file, options: .atomic)
    try FileManager.default.removeItem(at: own)
    return scores
  }

  private func train(_ settings: VesselTrainingSettings, in own: URL) throws -> [Scores] {
    let shape = VoxelShape(size.side, size.side, size.side)
    // The same patches for all variants of a seed.
    let source = VolumePatchSource(
      scans.training, count: size.batch, sampler: PatchSampler(patch: shape, foregroundFraction: 0.5),
      augmentation: .turnsOnly, seed: settings.seed)
    let composer = BatchComposer(
      [source], patch: shape, deformation: settings.deformation, seed: settings.seed)
    let training = try VesselTraining(settings, folder: own)
    _ = try training.resume()
    _ = try training.run(batches: { composer.batch(step: $0) }, threads: 0, validate: nil) { _ in .proceed }
    return try score(training.model)
  }

  private func score(_ model: VesselModel) throws -> [Scores] {
    let plan = try model.design.network().compile(
      inputShape: [1, 1, 64, 64, 64], mode: .inference, precision: .automatic)
    try plan.load(model.weights)
    return try scans.test.map { scan in
      let image = model.normalization(scan.image)
      let tiles = SlidingWindow.tiles(patch: VoxelShape(64, 64, 64), halo: 16)
      let mask = try tiles.run(on: image, batch: 1) { input, output in
        try plan.forward(input)
        for index in output.indices { output[index] = plan.outputs[0].values[index] }
      }.map { UInt8($0 >= 0 ? 1 : 0) }
      let scores = try SegmentationScores(
        prediction: mask, reference: scan.truth, metrics: [.dice, .clDice, .betti0Error, .betti1Error],
        nsdTolerance: 0.6)
      return Scores(
        dice: scores[.dice], clDice: scores[.clDice], betti0Error: scores[.betti0Error],
        betti1Error: scores[.betti1Error])
    }
  }
}

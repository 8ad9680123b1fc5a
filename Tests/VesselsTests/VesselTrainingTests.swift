import Foundation
import ImageAnalysis
import Imaging
import NeuralNetworks
import Numerics
import TestSupport
import Testing
import Vessels

/// Three epochs of four steps on patches of 16³ voxels: consistency, projections, averaging, everything that has a state.
private var settings: VesselTrainingSettings {
  var design = UNet3D(width: 4, levels: 4, supervision: .pointwise)
  design.outputChannels = 1
  var optimization = Trainer.Settings(learningRate: 2e-3, steps: 12)
  optimization.schedule = .warmUp(steps: 2, then: .coolDown(steps: 4, floor: 0))
  optimization.averageDecay = 0.9
  optimization.gradientLimit = 5
  var result = VesselTrainingSettings(design: design, outputs: [.all], optimization: optimization)
  (result.side, result.batch, result.stepsPerEpoch, result.epochs) = (16, 2, 4, 3)
  result.precision = .f32
  result.deformation = RandomElasticDeformation(knotSpacing: 6, maximumDisplacement: 2)
  result.objective.consistency = .init()
  result.objective.projection = .init(axes: [.z, .x])
  result.objective.crossEntropy = 1
  return result
}

private let composer: BatchComposer = {
  let shape = VoxelShape(32, 32, 32)
  let sample = RandomSyntheticAngiography(shape: shape).draw(seed: 2, index: 4).make()
  let labelled = TrainingVolume(id: "a", image: sample.image, label: sample.all)
  let imageOnly = TrainingVolume(id: "b", image: sample.image, label: nil)
  func source(_ volume: TrainingVolume) -> VolumePatchSource {
    VolumePatchSource(
      [volume], count: 1, sampler: PatchSampler(patch: VoxelShape(16, 16, 16), foregroundFraction: 0.7),
      augmentation: RandomPatchAugmentation(), seed: 11)
  }
  return BatchComposer(
    [source(labelled), source(imageOnly)], patch: VoxelShape(16, 16, 16),
    deformation: settings.deformation, seed: 11)
}()

/// Scores that get worse from the second epoch on.
private func score(_ model: VesselModel) -> ValidationScore {
  let step = Double(model.notes["step"] ?? model.notes["steps"] ?? "0") ?? 0
  return ValidationScore(dice: step <= 8 ? step / 10 : 0.1, clDice: nil)
}

private struct Killed: Error {}

@discardableResult
private func run(_ training: VesselTraining, killedAt step: Int = .max, stoppedAt stop: Int = .max) throws
  -> Bool
{
  try training.run(
    batches: { batchStep in composer.batch(step: batchStep) }, threads: 1,
    validate: { model in
      // A death in the middle of a validation is as good a moment as any.
      if training.step >= step { throw Killed() }
      return score(model)
    },
    report: { $0.step >= stop ? .stop : .proceed })
}

@Suite("Vessel training")
struct VesselTrainingTests {
  @Test(
    "Killed before any checkpoint, in an epoch or in a validation and continued, it gives the same weights")
  func kill() throws {
    try withTemporaryFolder { folder in
      let whole = try VesselTraining(
        settings, folder: folder.appendingPathComponent("whole", isDirectory: true).made())
      #expect(try run(whole))
      for death in [4, 8, 12] {
        let other = try folder.appendingPathComponent("\(death)", isDirectory: true).made()
        #expect(throws: Killed.self) { try run(VesselTraining(settings, folder: other), killedAt: death) }
        let resumed = try VesselTraining(settings, folder: other)
        #expect(try resumed.resume() == (death > 4))
        #expect(resumed.step == death - 4)
        #expect(try run(resumed))
        #expect(resumed.model.weights == whole.model.weights)
        #expect(resumed.history.map(\.terms) == whole.history.map(\.terms))
        #expect(
          try Data(contentsOf: other.appendingPathComponent("best.safetensors"))
            == Data(contentsOf: folder.appendingPathComponent("whole/best.safetensors")))
      }
    }
  }

  @Test("Stopped in the middle of an epoch it continues from that step, the epoch's means include both parts")
  func stop() throws {
    try withTemporaryFolder { folder in
      let whole = try VesselTraining(
        settings, folder: folder.appendingPathComponent("whole", isDirectory: true).made())
      try run(whole)
      let other = try folder.appendingPathComponent("stopped", isDirectory: true).made()
      #expect(try !run(VesselTraining(settings, folder: other), stoppedAt: 6))
      let resumed = try VesselTraining(settings, folder: other)
      #expect(try resumed.resume() && resumed.step == 6)
      try run(resumed)
      #expect(resumed.model.weights == whole.model.weights)
      #expect(resumed.history.map(\.terms) == whole.history.map(\.terms))
    }
  }

  @Test("The best epoch becomes the model, patience ends the training, every epoch is a row of the history")
  func best() throws {
    try withTemporaryFolder { folder in
      var patient = settings
      (patient.epochs, patient.patience) = (9, 2)
      let training = try VesselTraining(patient, folder: folder)
      #expect(try run(training))
      #expect(training.bestEpoch == 2 && training.history.map(\.epoch) == [1, 2, 3, 4])
      let model = try VesselModel(contentsOf: folder.appendingPathComponent("best.safetensors"))
      #expect(model.notes["steps"] == "8" && model.outputs.map(\.convention) == [.all])
      let table = try String(contentsOf: folder.appendingPathComponent("history.csv"), encoding: .utf8)
      let rows = table.split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
      #expect(rows.count == 5 && Set(rows.map(\.count)).count == 1)
      #expect(rows[0].contains("consistency") && rows[0].contains("projection") && rows[2][0] == "2")
      #expect(training.history.allSatisfy { $0.terms.values.allSatisfy(\.isFinite) && $0.waitedSeconds >= 0 })
    }
  }

  @Test("A damaged checkpoint is not used: the one before is, and it is said so")
  func damage() throws {
    try withTemporaryFolder { folder in
      let whole = try VesselTraining(settings, folder: folder)
      try run(whole)
      let last = folder.appendingPathComponent("last.safetensors")
      var bytes = try Data(contentsOf: last)
      bytes[bytes.count - 9] ^= 4
      try bytes.write(to: last)
      let resumed = try VesselTraining(settings, folder: folder)
      #expect(try resumed.resume() && resumed.step == 8)
      #expect(resumed.remarks.count == 1 && resumed.remarks[0].contains("previous.safetensors"))
      try run(resumed)
      #expect(resumed.model.weights == whole.model.weights)
    }
  }

  @Test("Other settings are refused by name; a longer training is not, where the schedule allows it")
  func otherSettings() throws {
    try withTemporaryFolder { folder in
      try run(VesselTraining(settings, folder: folder))
      var other = settings
      other.objective.alpha = 0.5
      let error = #expect(throws: VesselTrainingError.self) {
        _ = try VesselTraining(other, folder: folder).resume()
      }
      #expect(error?.description.contains("alpha : 0.5") == true, "\(error.map { "\($0)" } ?? "none")")
      var longer = settings
      longer.epochs = 5
      #expect(try VesselTraining(longer, folder: folder).resume())
      longer.optimization.schedule = .cosine(floor: 0)
      #expect(throws: VesselTrainingError.self) { _ = try VesselTraining(longer, folder: folder).resume() }
    }
  }

  @Test("A loss that is no number stops the training and names the term; the checkpoint before stays")
  func divergence() throws {
    try withTemporaryFolder { folder in
      var wild = settings
      wild.optimization.learningRate = 1e30
      wild.optimization.gradientLimit = nil
      let training = try VesselTraining(wild, folder: folder)
      let error = #expect(throws: TrainingError.self) { try run(training) }
      #expect(error?.description.contains("not finite at step") == true)
    }
  }
}

extension URL {
  fileprivate func made() throws -> URL {
    try FileManager.default.createDirectory(at: self, withIntermediateDirectories: true)
    return self
  }
}

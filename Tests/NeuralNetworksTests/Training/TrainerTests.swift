import Foundation
import NeuralNetworks
import Numerics
import TestSupport
import Testing

@Suite("Training")
struct TrainerTests {
  /// A small U-Net with two outputs beside the first, in siamese training with every option in use.
  private func trainer(seed: UInt64 = 7) throws -> Trainer {
    var settings = Trainer.Settings(learningRate: 1e-2, steps: 20)
    settings.algorithm = .adam(Adam(weightDecay: 1e-3))
    settings.schedule = .warmUp(steps: 3, then: .cosine(floor: 0.1))
    settings.plateau = PlateauSchedule(shrink: 0.5, patience: 0)
    settings.gradientLimit = 1
    settings.averageDecay = 0.99
    return try Trainer(
      UNet3D(width: 4, levels: 4, supervision: .pointwise).network(), inputShape: [1, 1, 16, 16, 16],
      passes: 2, precision: .f32,
      settings: settings, seed: seed)
  }

  private func images(step: Int) -> [[Float]] {
    var random = RandomStream(seed: 1, purpose: "patch", indices: step)
    return (0..<2).map { _ in (0..<4096).map { _ in random.uniform() } }
  }

  /// A step on images and labels drawn for this step.
  @discardableResult
  private func step(_ trainer: Trainer) throws -> Trainer.Report {
    try step(trainer, images(step: trainer.progress.step))
  }

  @discardableResult
  private func step(_ trainer: Trainer, _ images: [[Float]]) throws -> Trainer.Report {
    try trainer.step(images) { plans in
      var terms: [Trainer.Term] = []
      for (pass, plan) in plans.enumerated() {
        for (level, weight) in [1.0, 0.66, 0.34].enumerated() {
          let side = 16 >> level
          let label = (0..<side * side * side).map { images[pass][$0 << (3 * level)] > 0.7 ? Float(1) : 0 }
          let loss = FocalTverskyLoss(on: .logits, voxelsPerEntry: Double(1 << (3 * level)))
          terms.append(
            Trainer.Term(
              "pass \(pass) level \(level)", plan.apply(loss, to: level, target: label, weight: weight)))
        }
      }
      return terms
    }
  }

  @Test("Twenty steps give the same bytes twice, and lower the loss")
  func deterministic() throws {
    let (first, second) = (try trainer(), try trainer())
    var losses: [Double] = []
    for _ in 0..<20 {
      losses.append(try step(first).loss)
      try step(second)
    }
    #expect(first.weights == second.weights && first.average == second.average)
    #expect(losses[19] < losses[0])
  }

  @Test("Twenty steps give the same bytes with any number of data workers")
  func dataWorkers() throws {
    let alone = try trainer()
    for _ in 0..<20 { try step(alone) }
    for workers in [1, 3] {
      let queue = SampleQueue(steps: 20, workers: workers) { images(step: $0) }
      let fed = try trainer()
      for number in 0..<20 { try step(fed, queue.sample(number)) }
      #expect(fed.weights == alone.weights && fed.average == alone.average, "\(workers) workers")
    }
  }

  @Test("Ten steps equal five, a saved and read checkpoint, and five more, byte for byte")
  func resume() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("checkpoint.safetensors")
      let (whole, before, after) = (try trainer(), try trainer(), try trainer(seed: 99))
      for _ in 0..<5 { try step(whole) }
      #expect(whole.completeEpoch(score: 0.5))
      #expect(!whole.completeEpoch(score: 0.6))
      for _ in 0..<5 { try step(whole) }

      for _ in 0..<5 { try step(before) }
      _ = before.completeEpoch(score: 0.5)
      _ = before.completeEpoch(score: 0.6)
      try before.checkpoint(notes: ["design": "small"]).write(to: url)
      let checkpoint = try Checkpoint(contentsOf: url, for: after.network.table)
      #expect(checkpoint.notes == ["design": "small"])
      try after.resume(from: checkpoint)
      for _ in 0..<5 { try step(after) }
      #expect(after.checkpoint() == whole.checkpoint())
    }
  }

  @Test("Clipping, schedule and plateau show in the report")
  func report() throws {
    let trainer = try trainer()
    let first = try step(trainer)
    #expect(first.step == 1 && first.terms.count == 6)
    #expect(abs(first.learningRate - 1e-2 / 3) < 1e-12)
    #expect(first.gradientNorm > 0)
    _ = trainer.completeEpoch(score: 1)
    _ = trainer.completeEpoch(score: 1)
    #expect(abs(try step(trainer).learningRate - 1e-2 / 3) < 1e-12)  // 2/3 of the way up, times a half
  }

  @Test("A loss that is not finite stops the training before the weights change")
  func divergence() throws {
    let trainer = try trainer()
    let before = trainer.weights
    let error = try #require(throws: TrainingError.self) {
      try trainer.step([[Float](repeating: 0, count: 4096), [Float](repeating: 0, count: 4096)]) { _ in
        [Trainer.Term("fine", 1), Trainer.Term("consistency", .nan)]
      }
    }
    #expect(error.description.hasPrefix("consistency is not finite at step 1, learning rate 0.0033"))
    let trainable = trainer.network.table.trainableCount
    let isFrozen = trainer.weights.values[..<trainable] == before.values[..<trainable]
    #expect(isFrozen)
    #expect(trainer.progress.step == 0)
  }

  @Test("A checkpoint of another optimiser is refused")
  func otherOptimizer() throws {
    let trainer = try trainer()
    var checkpoint = trainer.checkpoint()
    checkpoint.progress.algorithm = .sgd(SGD())
    #expect(throws: TrainingError.self) { try trainer.resume(from: checkpoint) }
  }
}

/// Samples made by threads of their own while the network trains, each worker every n-th.
private final class SampleQueue: @unchecked Sendable {  // Safe: the condition guards the samples.
  private let condition = NSCondition()
  private var samples: [Int: [[Float]]] = [:]

  init(steps: Int, workers: Int, _ make: @escaping @Sendable (Int) -> [[Float]]) {
    for worker in 0..<workers {
      Thread.detachNewThread {
        for step in stride(from: worker, to: steps, by: workers) {
          let sample = make(step)
          self.condition.withLock {
            self.samples[step] = sample
            self.condition.broadcast()
          }
        }
      }
    }
  }

  func sample(_ step: Int) -> [[Float]] {
    condition.withLock {
      while samples[step] == nil { condition.wait() }
      return samples.removeValue(forKey: step) ?? []
    }
  }
}

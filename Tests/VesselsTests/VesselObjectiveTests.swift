import ImageAnalysis
import Imaging
import NeuralNetworks
import Numerics
import Testing
import Vessels

/// A batch of small patches with outputs at two scales, and the loss as a function of all logits.
private struct Example {
  let shape = VoxelShape(8, 8, 8)
  let batch: TrainingBatch
  let shapes: [[Int]]
  let objective: VesselObjective

  init(_ objective: VesselObjective, labelled: Int = 1, imageOnly: Int = 1, channels: Int = 2) {
    self.objective = objective
    var patches: [TrainingPatch] = []
    for index in 0..<labelled + imageOnly {
      var stream = RandomStream(seed: 5, purpose: "example", indices: index)
      let image = (0..<512).map { _ in stream.uniform() }
      let labels = (0..<512 * channels).map { _ in stream.chance(0.2) ? Float(1) : 0 }
      // Image-only patches come first here, labelled ones in the batch.
      patches.insert(
        TrainingPatch(
          image: image, labels: index < labelled ? labels : nil,
          centrelines: index < labelled ? labels.map { $0 * (stream.chance(0.5) ? 1 : 0) } : nil), at: 0)
    }
    let cube = shape
    let warps: [LinearWarp] =
      objective.consistency == nil
      ? []
      : patches.indices.map { index in
        var stream = RandomStream(seed: 6, purpose: "warp", indices: index)
        let family = RandomElasticDeformation(knotSpacing: 4, maximumDisplacement: 1.5)
        return LinearWarp(family.draw(shape: cube, using: &stream).displacementField())
      }
    batch = TrainingBatch(patches, warps: warps)
    let samples = warps.isEmpty ? patches.count : 2 * patches.count
    shapes = [8, 4].map { [samples, channels, $0, $0, $0] }
  }

  var count: Int { shapes.reduce(0) { $0 + $1.reduce(1, *) } }

  func evaluate(_ logits: [Float]) -> (terms: [Trainer.Term], gradient: [Float]) {
    var gradient = [Float](repeating: 0, count: count)
    let fine = shapes[0].reduce(1, *)
    let terms = logits.withUnsafeBufferPointer { logits in
      gradient.withUnsafeMutableBufferPointer { gradient in
        objective.evaluate(
          logits: [
            UnsafeBufferPointer(rebasing: logits[..<fine]), UnsafeBufferPointer(rebasing: logits[fine...]),
          ],
          gradients: [
            UnsafeMutableBufferPointer(rebasing: gradient[..<fine]),
            UnsafeMutableBufferPointer(rebasing: gradient[fine...]),
          ], shapes: shapes, batch, step: 3)
      }
    }
    return (terms, gradient)
  }
}

private let everything: VesselObjective = {
  var objective = VesselObjective()
  objective.crossEntropy = 2
  objective.positiveWeight = 3
  objective.skeletonRecall = 0.5
  objective.centrelineDice = 0.25
  objective.consistency = .init()
  objective.consistency?.rampSteps = 8
  objective.projection = .init(axes: [.z, .y, .x])
  return objective
}()

@Suite("Objective of a vessel training")
struct VesselObjectiveTests {
  @Test("The gradient of all terms together is that of finite differences", arguments: [1, 2, 3])
  func gradient(seed: Int) {
    let example = Example(everything)
    var stream = RandomStream(seed: 9, purpose: "logits", indices: seed)
    let logits = (0..<example.count).map { _ in stream.normal() }
    let direction = (0..<example.count).map { _ in stream.normal() }
    func loss(_ step: Float) -> Double {
      example.evaluate(zip(logits, direction).map { $0 + step * $1 }).terms.reduce(0) { $0 + $1.value }
    }
    let step: Float = 5e-4
    let expected = (loss(step) - loss(-step)) / Double(2 * step)
    let found = zip(example.evaluate(logits).gradient, direction).reduce(0.0) { $0 + Double($1.0 * $1.1) }
    #expect(abs(found - expected) < 0.01 * max(0.05, abs(expected)), "\(found) against \(expected)")
  }

  @Test("Image-only patches are trained by consistency alone")
  func imageOnly() {
    var objective = everything
    let (labelled, all) = (1, 2)
    let example = Example(objective)
    var stream = RandomStream(seed: 9, purpose: "logits")
    let logits = (0..<example.count).map { _ in stream.normal() }
    let size = 2 * 512
    let image = labelled * size..<all * size
    #expect(example.evaluate(logits).gradient[image].contains { $0 != 0 })
    objective.consistency = nil
    let without = Example(objective)
    let result = without.evaluate(Array(logits[..<without.count]))
    #expect(result.gradient[image].allSatisfy { $0 == 0 })
    #expect(result.gradient[..<size].contains { $0 != 0 })
    #expect(!result.terms.contains { $0.name == "consistency" })
  }

  @Test("A batch without labels has the consistency term and no other")
  func onlyImages() {
    let example = Example(everything, labelled: 0, imageOnly: 2)
    let terms = example.evaluate([Float](repeating: 0.3, count: example.count)).terms
    #expect(terms.map(\.name) == ["consistency"])
  }

  @Test("Projections weigh w and everything else 1 − w, as published")
  func weights() {
    var objective = VesselObjective()
    let logits = [Float](repeating: 0.2, count: Example(objective).count)
    let plain = Example(objective).evaluate(logits).terms
    objective.projection = .init(axes: [.z])
    let both = Example(objective).evaluate(logits).terms
    #expect(both.map(\.name) == ["segmentation", "projection"])
    #expect(abs(both[0].value - 0.7 * plain[0].value) < 1e-6)
  }

  @Test("The consistency of undeformed equal outputs is 0, its weight rises along the ramp")
  func consistency() {
    var objective = VesselObjective()
    objective.consistency = .init()
    objective.consistency?.rampSteps = 8
    let example = Example(objective)
    var stream = RandomStream(seed: 9, purpose: "logits")
    let logits = (0..<example.count).map { _ in stream.normal() }
    let ramped = example.evaluate(logits).terms.first { $0.name == "consistency" }?.value ?? 0
    objective.consistency?.rampSteps = 0
    let full = Example(objective).evaluate(logits).terms.first { $0.name == "consistency" }?.value ?? 0
    #expect(full > 0 && abs(ramped - 0.5 * full) < 1e-6)
  }

  @Test("A loss by channel is the mean of the channels' losses, each over the whole batch")
  func channels() {
    var stream = RandomStream(seed: 3, purpose: "channels")
    let logits = (0..<2 * 2 * 64).map { _ in stream.normal() }
    let target = logits.map { _ in stream.chance(0.3) ? Float(1) : 0 }
    let loss = FocalTverskyLoss(on: .logits)
    let found = ChannelwiseLoss(loss)(logits, target: target, shape: [2, 2, 4, 4, 4])
    func channel(_ c: Int, _ values: [Float]) -> [Float] {
      (0..<2).flatMap { n in values[(2 * n + c) * 64..<(2 * n + c + 1) * 64] }
    }
    let parts = (0..<2).map {
      loss(channel($0, logits), target: channel($0, target), shape: [2, 1, 4, 4, 4])
    }
    #expect(abs(found.value - (parts[0].value + parts[1].value) / 2) < 1e-9)
    for c in 0..<2 {
      #expect(
        zip(channel(c, found.gradient), parts[c].gradient).allSatisfy { abs($0 - $1 / 2) < 1e-9 })
    }
  }
}

import Foundation
import NeuralNetworks
import Numerics

extension CellClassifier {
  /// The classifier with its last layer trained anew on balanced types, everything before it as it is (classifier
  /// re-training, cRT; Kang et al., ICLR 2020).
  ///
  /// Each cell is seen as it is, not augmented, and its features are computed once.
  public func retrainingLastLayer(
    on samples: [CellSample], steps: Int, learningRate: Double, precision: Plan.Precision, seed: UInt64
  ) throws -> CellClassifier {
    let features = try features(of: samples.map(\.input), precision: precision)
    guard let width = features.first?.count else { return self }
    let classes = design.types.count
    var head = Network(spatialAxes: 2)
    let input = head.input(channels: width)
    head.setOutputs([
      head.dense(input, to: classes, initialisation: .uniformFanOut, name: CellNetwork.lastLayer)
    ])
    var settings = Trainer.Settings(learningRate: learningRate, steps: steps)
    settings.algorithm = .adam(Adam(weightDecay: 0.01))
    settings.schedule = .cosine(floor: 0)
    let batch = 128
    let trainer = try Trainer(
      head, inputShape: [batch, width, 1, 1], precision: .f32, settings: settings, seed: seed)
    let sampler = CellSampler(types: samples.map(\.type), classes: classes)
    var stream = RandomStream(seed: seed, purpose: "cells/last layer")
    for _ in 0..<steps {
      let chosen = (0..<batch).map { _ in sampler.draw(exponent: 0, using: &stream) }
      var target = [Float](repeating: 0, count: batch * classes)
      for (row, sample) in chosen.enumerated() { target[row * classes + samples[sample].type] = 1 }
      try trainer.step([chosen.flatMap { features[$0].map { Float($0) } }]) { plans in
        [.init("loss", plans[0].apply(CrossEntropyLoss(), to: 0, target: target))]
      }
    }
    var changed = weights
    for role in ["weight", "bias"] {
      let name = "\(CellNetwork.lastLayer).\(role)"
      if let values = trainer.weights.tensor(name) { try changed.set(name, to: values) }
    }
    return CellClassifier(design: design, weights: changed)
  }
}

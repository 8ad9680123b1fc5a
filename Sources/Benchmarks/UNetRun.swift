import NeuralNetworks
import Numerics

/// Training steps and inferences of the U-Net with multi-scale supervision, on random numbers.
final class UNetRun {
  let training: Plan
  let inference: Plan
  private var weights: Weights
  private var gradient: [Float]
  private var optimizer: Optimizer
  private let input: [Float]
  /// The label at the resolution of every output, and how many of its voxels an entry stands for.
  private let targets: [(label: [Float], covered: Double)]

  init(width: Int, side: Int, batch: Int, precision: Plan.Precision) throws {
    let network = UNet3D.multiScale(width: width).network()
    let shape = [batch, 1, side, side, side]
    var stream = RandomStream(seed: 1, purpose: "benchmark")
    input = (0..<shape.reduce(1, *)).map { _ in stream.normal() }
    let label = input.map { _ in stream.chance(0.05) ? Float(1) : 0 }
    weights = network.initialWeights(seed: 1)
    gradient = [Float](repeating: 0, count: network.trainableCount)
    optimizer = Optimizer(.adam(Adam()), for: network.table)
    training = try network.compile(inputShape: shape, mode: .training, precision: precision)
    inference = try network.compile(inputShape: shape, mode: .inference, precision: precision)
    try inference.load(weights)
    targets = training.outputs.map { output in
      let pooled = Self.pooled(label, from: side, to: output.shape[2])
      return (pooled, Double(label.count) / Double(pooled.count))
    }
  }

  /// Forward pass, loss, backward pass and a step of the optimiser.
  func train() throws {
    try training.forward(input, updating: &weights)
    for (index, output) in training.outputs.enumerated() {
      let gradient = training.outputGradients[index].values
      targets[index].label.withUnsafeBufferPointer { label in
        _ = FocalTverskyLoss(on: .logits, voxelsPerEntry: targets[index].covered).evaluate(
          UnsafeBufferPointer(output.values), target: label, shape: output.shape, gradient: gradient)
      }
      let share: Float = [1, 0.66, 0.34][index]
      for i in gradient.indices { gradient[i] *= share }
    }
    try training.backward(weights, into: &gradient)
    optimizer.step(&weights, gradient: gradient, learningRate: 1e-4)
  }

  func infer() throws { try inference.forward(input) }

  /// Means of the label over the blocks that one coarse voxel covers.
  private static func pooled(_ label: [Float], from side: Int, to coarse: Int) -> [Float] {
    let factor = side / coarse
    let volume = side * side * side
    var result = [Float](repeating: 0, count: label.count / (factor * factor * factor))
    for index in label.indices {
      let (w, h) = (index % side, index / side % side)
      let (d, n) = (index / (side * side) % side, index / volume)
      result[((n * coarse + d / factor) * coarse + h / factor) * coarse + w / factor] +=
        label[index] / Float(factor * factor * factor)
    }
    return result
  }
}

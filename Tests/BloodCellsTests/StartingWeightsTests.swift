import BloodCells
import Foundation
import NeuralNetworks
import Numerics
import Testing

@Suite("Weights that a training begins with") struct StartingWeightsTests {
  /// The first convolution and its normalisation alone, for images of so many channels.
  func stem(channels: Int) -> Network {
    var network = Network(spatialAxes: 2)
    let x = network.input(channels: channels)
    let y = network.convolution(
      x, to: 32, Convolution(kernel: 3, stride: 2, bias: false), name: "features.0.0")
    network.setOutputs([
      network.normalisation(y, Normalisation(.batch(momentum: 0.1), epsilon: 1e-3), name: "features.0.1")
    ])
    return network
  }

  func output(_ network: Network, _ weights: Weights, _ input: [Float], side: Int) throws -> [Float] {
    let channels = input.count / (side * side)
    let plan = try network.compile(
      inputShape: [1, channels, side, side], mode: .inference, precision: .f32)
    try plan.load(weights.subset(for: network.table))
    try plan.forward(input)
    return Array(plan.outputs[0].values)
  }

  @Test("The first convolution sees colours as it did when it was trained on natural images")
  func naturalImages() throws {
    let natural = Weights(EfficientNet.lite0(classes: 5).network().table, seed: 4)
    let url = temporary("natural.safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try natural.write(to: url)
    let start = try CellNetwork.lite0.startingWeights(from: url, classes: 3, seed: 9)

    // A picture of light 0 to 1, as natural images and as cells are given to networks.
    let side = 16
    var stream = RandomStream(seed: 5, purpose: "picture")
    let light = (0..<3 * side * side).map { _ in stream.uniform(0...1) }
    let (means, deviations): ([Float], [Float]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    let theirs = light.indices.map { (light[$0] - means[$0 / side / side]) / deviations[$0 / side / side] }
    let slide = BalancedSmear.backgroundLevel / 255
    var ours = [Float](repeating: 0.7, count: CellNetwork.channels * side * side)
    for index in light.indices { ours[index] = 4 * (light[index] / slide - 1) }

    let (expected, found) = (
      try output(stem(channels: 3), natural, theirs, side: side),
      try output(stem(channels: CellNetwork.channels), start, ours, side: side)
    )
    // The first row and column see what lies beyond the border, which is the empty slide now.
    let half = side / 2
    var worst: Float = 0
    for channel in 0..<32 {
      for y in 1..<half {
        for x in 1..<half {
          let place = (channel * half + y) * half + x
          worst = max(worst, abs(expected[place] - found[place]))
        }
      }
    }
    #expect(worst < 1e-4, "largest difference \(worst)")
    #expect(start.tensor("features.5.1.block.1.0.weight") == natural.tensor("features.5.1.block.1.0.weight"))
    #expect(start.tensor("classifier.1.weight")?.count == 3 * 1280)
  }

  @Test("A classifier's weights are taken over; those of another network are refused by name")
  func classifier() throws {
    var design = smallDesign()
    design.network = .small(width: 4)
    let weights = Weights(design.network.network(classes: 2).table, seed: 3)
    let url = temporary("classifier.safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try CellClassifier(design: design, weights: weights).write(to: url)
    let stored = try CellClassifier(contentsOf: url).weights
    #expect(try CellNetwork.small(width: 4).startingWeights(from: url, classes: 2, seed: 1) == stored)
    for (network, classes) in [(CellNetwork.small(width: 8), 2), (.small(width: 4), 3), (.b0, 2)] {
      #expect(throws: CellModelError.self) {
        try network.startingWeights(from: url, classes: classes, seed: 1)
      }
    }
  }

  @Test("A training begins where it is told to: at a rate of nothing it stays there") func training() throws {
    let samples = try drawnSamples(smears: 2, seed: 21)
    let network = CellNetwork.small(width: 4)
    let start = Weights(network.network(classes: 2).table, seed: 77)
    var training = CellTraining(network: network)
    (training.epochs, training.batch, training.learningRate, training.precision) = (1, 16, 1e-12, .f32)
    let weights = try training.run(on: samples, types: ["round", "long"], start: start) { _, _ in }
    let count = start.table.trainableCount
    for (found, expected) in zip(weights.values[..<count], start.values[..<count]) {
      #expect(abs(found - expected) < 1e-5)
    }
  }

  @Test("A picture's side is stored with the classifier, and another side gives other logits")
  func side() throws {
    let samples = try drawnSamples(smears: 1, seed: 22)
    var design = smallDesign()
    design.network = .small(width: 4)
    let weights = Weights(design.network.network(classes: 2).table, seed: 3)
    #expect(design.inputSide == CellImage.inputSide)
    let finer = CellClassifier.Design(
      network: design.network, types: design.types, temperature: 1, referenceDiameter: 40,
      diameters: design.diameters, views: 1, notes: [:], inputSide: 96)
    let url = temporary("finer.safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try CellClassifier(design: finer, weights: weights).write(to: url)
    let read = try CellClassifier(contentsOf: url)
    #expect(read.design == finer && read.design.inputSide == 96)
    let inputs = samples.map(\.input)
    let plain = try CellClassifier(design: design, weights: weights).logits(of: inputs, precision: .f32)
    #expect(try read.logits(of: inputs, precision: .f32) != plain)
  }
}

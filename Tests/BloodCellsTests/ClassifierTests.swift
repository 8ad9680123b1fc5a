import BloodCells
import Foundation
import NeuralNetworks
import Numerics
import Testing

@Suite("Classifier of cells") struct ClassifierTests {
  func training(_ imbalance: ImbalanceMethod, epochs: Int) -> CellTraining {
    var training = CellTraining(network: .small(width: 4))
    (training.imbalance, training.epochs, training.batch) = (imbalance, epochs, 16)
    (training.learningRate, training.averageDecay, training.precision) = (5e-3, 0.9, .f32)
    return training
  }

  @Test("Round and long cells of unseen smears are told apart after a short training") func learns() throws {
    let samples = try drawnSamples(smears: 14, seed: 5)
    let partition = CellPartition(
      slidesOf: samples, types: 2, testingShare: 0.25, validationShare: 0.2, seed: 1)
    var losses: [Double] = []
    let weights = try training(.none, epochs: 12).run(
      on: partition.training, types: ["round", "long"]
    ) { epoch, _ in losses.append(epoch.loss) }
    let classifier = try CellClassifier(design: smallDesign(), weights: weights).calibrated(
      on: partition.validation)
    let scores = try classifier.scores(on: partition.testing, rare: [])
    #expect(losses.last ?? 1 < 0.6 * (losses.first ?? 0))
    #expect(scores.accuracy?.estimate ?? 0 > 0.85, "accuracy \(scores.accuracy?.estimate ?? 0)")
  }

  @Test("A training continued from a checkpoint has the same weights, byte for byte") func resume() throws {
    let samples = try drawnSamples(smears: 3, seed: 6)
    let types = ["round", "long"]
    let training = training(.hardSamples, epochs: 3)
    var kept: Checkpoint?
    let whole = try training.run(on: samples, types: types) { epoch, save in
      if epoch.number == 1 { kept = save() }
    }
    let url = temporary("checkpoint.safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try #require(kept).write(to: url)
    let read = try Checkpoint(contentsOf: url, for: whole.table)
    let continued = try training.run(on: samples, types: types, from: read) { _, _ in }
    #expect(whole == continued)
  }

  @Test("Every way to treat rare types trains to finite weights", arguments: ImbalanceMethod.allCases)
  func methods(method: ImbalanceMethod) throws {
    let samples = try drawnSamples(smears: 3, seed: 7)
    var reports: [CellTraining.Epoch] = []
    let weights = try training(method, epochs: 2).run(on: samples, types: ["round", "long"]) { epoch, _ in
      reports.append(epoch)
    }
    #expect(weights.values.allSatisfy { $0.isFinite })
    #expect(reports.count == 2 && reports.allSatisfy { $0.loss.isFinite })
  }

  @Test("Re-training the last layer changes nothing but the last layer") func lastLayer() throws {
    let samples = try drawnSamples(smears: 3, seed: 8)
    let network = CellNetwork.small(width: 4).network(classes: 2)
    let before = CellClassifier(design: smallDesign(), weights: network.initialWeights(seed: 1))
    let after = try before.retrainingLastLayer(
      on: samples, steps: 5, learningRate: 1e-2, precision: .f32, seed: 1)
    for (parameter, range) in zip(before.weights.table.parameters, before.weights.table.ranges) {
      let same = before.weights.values[range] == after.weights.values[range]
      #expect(same != parameter.name.hasPrefix(CellNetwork.lastLayer), "\(parameter.name)")
    }
  }

  @Test("A type without training cells is refused by name") func missingType() throws {
    let samples = try drawnSamples(smears: 2, seed: 9)
    #expect(
      throws: CellModelError.unusableLabels(
        reason: "no training cell is of the type sickle; leave the type out or add slides")
    ) {
      try training(.none, epochs: 1).run(on: samples, types: ["round", "long", "sickle"]) { _, _ in }
    }
  }

  @Test(
    "A stored classifier gives the logits it gave before, to half precision",
    arguments: [CellNetwork.small(width: 4), .b0]) func roundTrip(network: CellNetwork) throws
  {
    let samples = try drawnSamples(smears: 1, seed: 10)
    var design = smallDesign()
    design.network = network
    let classifier = CellClassifier(
      design: design, weights: network.network(classes: 2).initialWeights(seed: 3))
    let url = temporary("model.safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try classifier.write(to: url)
    let read = try CellClassifier(contentsOf: url)
    #expect(read.design == design)
    let inputs = samples.map(\.input)
    let (one, other) = (
      try classifier.logits(of: inputs, precision: .f32), try read.logits(of: inputs, precision: .f32)
    )
    for (a, b) in zip(one.joined(), other.joined()) { #expect(abs(a - b) < 0.01 + 0.01 * abs(a)) }
  }

  @Test("Files that hold something else are refused") func otherFiles() throws {
    let url = temporary("other.safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try SafeTensors(["a": .init([1, 2] as [Float], shape: [2])]).write(to: url)
    #expect(throws: CellModelError.otherContents(file: url.path, expected: "a classifier of cells")) {
      try CellClassifier(contentsOf: url)
    }
    #expect(throws: CellModelError.self) { try CellSampleFile(contentsOf: url) }
    var file = try SafeTensors(contentsOf: url)
    file.metadata["malpighi.cell-model"] = #"{"network":{"small":{"width":-3}}}"#
    try file.write(to: url)
    #expect(throws: CellModelError.self) { try CellClassifier(contentsOf: url) }
  }

  @Test("Labelled cells read back as they were written") func sampleFile() throws {
    let samples = try drawnSamples(smears: 2, seed: 11)
    let url = temporary("samples.safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try CellSampleFile(samples: samples, types: ["round", "long"], diameters: [38, 41], origin: "drawn")
      .write(to: url)
    let read = try CellSampleFile(contentsOf: url)
    #expect(read.types == ["round", "long"] && read.origin == "drawn" && read.diameters == [38, 41])
    #expect(read.samples.map(\.input.image) == samples.map(\.input.image))
    #expect(read.samples.map(\.input.features) == samples.map(\.input.features))
    #expect(read.samples.map(\.input.profile) == samples.map(\.input.profile))
    #expect(read.samples.map(\.type) == samples.map(\.type))
    #expect(read.samples.map(\.slide) == samples.map(\.slide))
  }

  @Test("Views are averaged cell by cell: alone or in a batch a cell has the same logits")
  func views() throws {
    let samples = try drawnSamples(smears: 1, seed: 12)
    var design = smallDesign()
    design.views = 4
    let network = CellNetwork.small(width: 4).network(classes: 2)
    let classifier = CellClassifier(design: design, weights: network.initialWeights(seed: 3))
    var single = classifier
    single.design.views = 1
    let inputs = Array(samples.map(\.input).prefix(2))
    let (four, one) = (
      try classifier.logits(of: inputs, precision: .f32), try single.logits(of: inputs, precision: .f32)
    )
    #expect(four != one)
    // One cell alone or in a batch: the same numbers.
    let alone = try classifier.logits(of: [inputs[1]], precision: .f32)
    for (a, b) in zip(alone[0], four[1]) { #expect(abs(a - b) < 1e-4) }
  }
}

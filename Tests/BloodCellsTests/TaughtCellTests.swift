import BloodCells
import Foundation
import NeuralNetworks
import Testing

/// Cells without labels, learned from as an earlier classifier types them.
@Suite struct TaughtCellTests {
  private let types = ["round", "long"]

  private func training() -> CellTraining {
    var training = CellTraining(network: .small(width: 4))
    (training.epochs, training.batch, training.learningRate) = (60, 32, 5e-3)
    (training.averageDecay, training.precision, training.taughtShare) = (0.9, .f32, 0.75)
    return training
  }

  private func accuracy(_ weights: Weights, on samples: [CellSample]) throws -> Double {
    let classifier = CellClassifier(design: smallDesign(), weights: weights)
    return try classifier.scores(on: samples, rare: []).accuracy?.estimate ?? 0
  }

  @Test func `what labels do not say is learned from taught cells`() throws {
    let all = try drawnSamples(smears: 14, seed: 21)
    let (pool, unseen) = (all.filter { $0.slide < "slide 5" }, all.filter { $0.slide >= "slide 5" })
    // One label a type, and the wrong one: nothing but the taught cells says what is long.
    let labelled = types.indices.compactMap { type in
      pool.first { $0.type == type }.map {
        CellSample(input: $0.input, type: 1 - type, source: $0.source, slide: $0.slide)
      }
    }
    let taught = pool.map {
      TaughtCell(input: $0.input, probabilities: $0.type == 0 ? [0.9, 0.1] : [0.1, 0.9])
    }
    let alone = try training().run(on: labelled, types: types) { _, _ in }
    let weights = try training().run(on: labelled, taught: taught, types: types) { _, _ in }
    #expect(try accuracy(alone, on: unseen) < 0.5)
    #expect(try accuracy(weights, on: unseen) > 0.8)
    let again = try training().run(on: labelled, taught: taught, types: types) { _, _ in }
    #expect(weights == again)
  }

  @Test func `networks of profiles learn from taught cells`() throws {
    let all = try drawnSamples(smears: 20, seed: 22)
    var training = ProfileTraining()
    (training.members, training.epochs, training.hidden) = (2, 600, 32)
    let half = all.count / 2
    let labelled = types.indices.compactMap { type in all[..<half].first { $0.type == type } }
    let taught = all[..<half].map {
      TaughtCell(input: $0.input, probabilities: $0.type == 0 ? [1, 0] : [0, 1])
    }
    func right(_ taught: [TaughtCell]) throws -> Double {
      let profiles = try training.run(on: labelled, taught: taught, types: types) { _ in }
      let rows = profiles.logProbabilities(of: all[half...].map(\.input.profile))
      let count = zip(rows, all[half...]).count { ($0[1] > $0[0]) == ($1.type == 1) }
      return Double(count) / Double(all.count - half)
    }
    let (alone, together) = (try right([]), try right(taught))
    #expect(together > alone + 0.1, "\(alone) and \(together)")
  }

  @Test func `a teacher's probabilities are those of the classifier`() throws {
    let samples = try drawnSamples(smears: 1, seed: 23)
    let network = CellNetwork.small(width: 4).network(classes: 2)
    var design = smallDesign()
    design.views = 8
    let teacher = CellClassifier(design: design, weights: network.initialWeights(seed: 3))
    let cells = samples.map { UnlabelledCell(input: $0.input, source: $0.source, slide: $0.slide) }
    let taught = try teacher.teaching(cells)
    design.views = 2
    let expected = try CellClassifier(design: design, weights: teacher.weights).probabilities(
      of: samples.map(\.input), precision: .automatic)
    #expect(taught.map(\.probabilities) == expected.map { $0.map { Float($0) } })
  }

  @Test func `cells without labels are kept beside the labelled ones`() throws {
    let samples = try drawnSamples(smears: 2, seed: 24)
    let cells = samples.dropFirst(5).map {
      UnlabelledCell(input: $0.input, source: $0.source, slide: $0.slide)
    }
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try CellSampleFile(
      samples: Array(samples.prefix(5)), unlabelled: cells, types: types, diameters: [38, 41], origin: "drawn"
    ).write(to: url)
    let read = try CellSampleFile(contentsOf: url)
    #expect(read.samples.map(\.type) == samples.prefix(5).map(\.type))
    #expect(read.samples.map(\.slide) == samples.prefix(5).map(\.slide))
    #expect(read.unlabelled.map(\.input.image) == cells.map(\.input.image))
    #expect(read.unlabelled.map(\.input.profile) == cells.map(\.input.profile))
    #expect(read.unlabelled.map(\.slide) == cells.map(\.slide))
  }
}

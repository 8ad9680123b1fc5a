import ArgumentParser
import Foundation
import ImageAnalysis
import Imaging
import Metrics
import Numerics
import Vessels

/// A vessel model on synthetic angiographies it has not seen, beside Frangi's filter at the same precision.
struct VesselsBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vessels",
    abstract: "Score a vessel model on held-out synthetic angiographies, thin vessels apart.")

  @Option(help: "The model (safetensors).") var model = "data/models/vessels.safetensors"
  @Option(help: "head or patch: whole heads, or the wide domain of training patches.") var scene = "head"
  @Option(help: "Angiographies.") var count = 6
  @Option(help: "Seed; the training's is another.") var seed: UInt64 = 20_260
  @Option(help: "Side of the cubic volumes.") var side = 96
  @Option(help: "Precisions at which thin vessels are compared as well, such as 0.9,0.95,0.98.")
  var precisions = ""
  @Option(help: "Threads.") var threads = 2

  struct Report: Encodable {
    var scene: String
    var count: Int
    var dice: Double?
    var clDice: Double?
    var precision: Double?
    /// Share of label voxels found of vessels 1 to 2 voxels wide.
    var thinRecall: Double?
    var thinVoxels: Int
    /// The same of Frangi's filter with scales of 1 to 3 voxels, as it is mostly used, at its threshold of equal
    /// precision, or of the greatest precision it reaches.
    var frangiThinRecall: Double?
    var frangiPrecision: Double?
    /// With scales of 0.5 to 2.2 voxels, made for vessels as thin as these.
    var fineFrangiThinRecall: Double?
    var fineFrangiPrecision: Double?
    /// The same at other precisions, where `--precisions` asks for them.
    var curve: [Point]
    var secondsPerVolume: Double
  }

  /// Shares of thin vessels found at the lowest threshold whose precision is at least `precision`; nil where none is.
  struct Point: Encodable {
    var precision: Double
    var thinRecall: Double?
    var frangiThinRecall: Double?
    var fineFrangiThinRecall: Double?
  }

  func validate() throws {
    guard ["head", "patch"].contains(scene), count > 0, side >= 16, threads > 0 else {
      throw ValidationError("scene head or patch, count and threads above 0, side at least 16")
    }
    guard asked.allSatisfy({ (0...1).contains($0) }) else {
      throw ValidationError("precisions from 0 to 1, separated by commas")
    }
  }

  private var asked: [Double] { precisions.split(separator: ",").map { Double($0) ?? -1 } }

  func run() throws {
    Parallel.threads = threads
    let network = try VesselModel(contentsOf: URL(fileURLWithPath: model))
    guard let channel = network.channel(of: .all) else { throw ValidationError("\(model): no output 'all'") }
    let shape = VoxelShape(side, side, side)
    var samples: [Sample] = []
    var (dice, clDice) = ([Double](), [Double]())
    var seconds = 0.0
    for index in 0..<count {
      let angiography =
        scene == "head"
        ? RandomHead(shape: shape, spacing: 0.6).draw(seed: seed, index: index)
        : RandomSyntheticAngiography(shape: shape, spacing: [0.6, 0.6, 0.6]).draw(seed: seed, index: index)
      let made = angiography.make()
      let label = made.label(.all)
      let start = ContinuousClock.now
      let outcome = try VesselSegmentation()(made.image, model: network, channel: channel)
      seconds += (ContinuousClock.now - start) / .seconds(1)
      func decided(_ threshold: Float) -> Mask {
        Self.decision(threshold)(outcome.probability, image: made.image)
      }
      let mask = decided(network.outputs[channel].threshold)
      let scores = try SegmentationScores(
        prediction: mask, reference: label, metrics: [.dice, .clDice], nsdTolerance: 1)
      dice += [scores[.dice]].compactMap { $0 }
      clDice += [scores[.clDice]].compactMap { $0 }
      func frangi(_ sigmas: [Double]) throws -> Volume<Float> {
        try Vesselness(.frangi(alpha: 0.5, beta: 0.5, structureness: 0.5), sigmas: sigmas)(made.image)
      }
      samples.append(
        Sample(
          label: label, radius: made.radius, mask: mask,
          masks: asked.isEmpty ? [] : Self.thresholds.map(decided), frangi: try frangi([0.6, 0.9, 1.3, 1.8]),
          fineFrangi: try frangi([0.3, 0.5, 0.8, 1.3])))
    }
    let own = Counts(samples) { $0.mask.voxels.map { $0 != 0 } }
    let frangi = equalled(own.precision ?? 1, samples, by: \.frangi)
    let fine = equalled(own.precision ?? 1, samples, by: \.fineFrangi)
    let report = Report(
      scene: scene, count: count, dice: mean(dice), clDice: mean(clDice), precision: own.precision,
      thinRecall: own.thinRecall, thinVoxels: own.thin, frangiThinRecall: frangi.thinRecall,
      frangiPrecision: frangi.precision, fineFrangiThinRecall: fine.thinRecall,
      fineFrangiPrecision: fine.precision, curve: asked.map { point($0, samples) },
      secondsPerVolume: seconds / Double(count))
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = .sortedKeys
    print(String(decoding: try encoder.encode(report), as: UTF8.self))
  }

  /// As the pipeline `vessels` decides.
  private static func decision(_ threshold: Float) -> VesselDecision {
    var decision = VesselDecision(high: threshold)
    (decision.brightness, decision.brightShare, decision.support) = (.added, 0.8, 0.5)
    decision.smallestComponent = 50
    decision.clearComponents = .init(smallest: 8, contrast: 3)
    return decision
  }

  private static let thresholds: [Float] = [
    0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998,
  ]

  private func point(_ precision: Double, _ samples: [Sample]) -> Point {
    let own = Self.thresholds.indices.lazy.map { step in
      Counts(samples) { $0.masks[step].voxels.map { $0 != 0 } }
    }.first { $0.precision ?? 0 >= precision }
    func recall(_ filter: KeyPath<Sample, Volume<Float>>) -> Double? {
      let counts = equalled(precision, samples, by: filter)
      return counts.precision ?? 0 >= precision ? counts.thinRecall : nil
    }
    return Point(
      precision: precision, thinRecall: own?.thinRecall, frangiThinRecall: recall(\.frangi),
      fineFrangiThinRecall: recall(\.fineFrangi))
  }

  private func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// Frangi at the lowest threshold whose precision is at least `precision`; where none is, at that of the greatest.
  private func equalled(
    _ precision: Double, _ samples: [Sample], by filter: KeyPath<Sample, Volume<Float>>
  ) -> Counts {
    var best: Counts?
    for step in 1...200 {
      let threshold = Float(pow(10, -4 + 4 * Double(step) / 200))
      let counts = Counts(samples) { $0[keyPath: filter].voxels.map { $0 >= threshold } }
      guard let found = counts.precision else { break }
      if found >= precision { return counts }
      if found > best?.precision ?? -1 { best = counts }
    }
    return best ?? Counts(samples) { $0.label.voxels.map { _ in false } }
  }
}

private struct Sample {
  let label: Mask
  let radius: Volume<Float>
  let mask: Mask
  /// The masks at each of the thresholds, for the curve.
  let masks: [Mask]
  let frangi: Volume<Float>
  let fineFrangi: Volume<Float>
}

/// Voxels found, over several volumes.
private struct Counts {
  private(set) var truePositive = 0
  private(set) var positive = 0
  private(set) var thin = 0
  private(set) var thinFound = 0

  /// - Parameter vessels: Which voxels of a sample are vessel.
  init(_ samples: [Sample], vessels: (Sample) -> [Bool]) {
    for sample in samples {
      let (isVessel, label, radius) = (vessels(sample), sample.label.voxels, sample.radius.voxels)
      for index in label.indices {
        let isLabel = label[index] != 0
        let isThin = isLabel && (0.5...1).contains(radius[index])
        if isThin { thin += 1 }
        guard isVessel[index] else { continue }
        positive += 1
        if isLabel { truePositive += 1 }
        if isThin { thinFound += 1 }
      }
    }
  }

  var precision: Double? { positive > 0 ? Double(truePositive) / Double(positive) : nil }
  var thinRecall: Double? { thin > 0 ? Double(thinFound) / Double(thin) : nil }
}

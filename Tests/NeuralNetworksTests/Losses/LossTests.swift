import Foundation
import NeuralNetworks
import Numerics
import Testing

/// A loss, its reference and the kind of numbers it takes.
struct LossCase: CustomTestStringConvertible, Sendable {
  let name: String
  let loss: any Loss
  nonisolated(unsafe) let reference: LossReference.Function  // Pure functions.
  var shape = [2, 1, 3, 5, 7]
  var logits = false
  var classes = false
  var testDescription: String { name }
}

@Suite("Losses")
struct LossTests {
  static let counts = [100, 10, 40, 5]
  static let weights = [0.5, 2, 1.5, 0.25]

  static let cases: [LossCase] = {
    let sigmoid = LossReference.sigmoid
    func through(_ function: @escaping LossReference.Function) -> LossReference.Function {
      { x, t in function(x.map(sigmoid), t) }
    }
    func share(_ t: [Double]) -> Double { zip(weights, t).reduce(0) { $0 + $1.0 * $1.1 } }
    let focalTversky: LossReference.Function = {
      pow(1 - LossReference.tverskyIndex($0, $1, alpha: 0.7), 0.75)
    }
    let priors = counts.map { log(Double($0) / 155) }
    let margins = counts.map { 0.5 * pow(Double($0) / 5, -0.25) }
    let matrix = [6, 4]
    return [
      LossCase(name: "focal Tversky", loss: FocalTverskyLoss(), reference: focalTversky),
      LossCase(
        name: "focal Tversky of logits", loss: FocalTverskyLoss(on: .logits),
        reference: through(focalTversky),
        logits: true),
      LossCase(
        name: "focal Tversky of 8 voxels per entry", loss: FocalTverskyLoss(voxelsPerEntry: 8),
        reference: { p, t in
          focalTversky(
            p.flatMap { Array(repeating: $0, count: 8) }, t.flatMap { Array(repeating: $0, count: 8) })
        }),
      LossCase(
        name: "Tversky", loss: TverskyLoss(alpha: 0.6),
        reference: { 1 - LossReference.tverskyIndex($0, $1, alpha: 0.6) }),
      LossCase(name: "Dice", loss: DiceLoss(), reference: LossReference.dice),
      LossCase(
        name: "Dice of logits", loss: DiceLoss(on: .logits), reference: through(LossReference.dice),
        logits: true),
      LossCase(name: "skeleton recall", loss: SkeletonRecallLoss(), reference: LossReference.recall),
      LossCase(
        name: "mean squared error", loss: MeanSquaredErrorLoss(),
        reference: LossReference.mean { ($0 - $1) * ($0 - $1) }),
      LossCase(
        name: "binary cross-entropy", loss: BinaryCrossEntropyLoss(positiveWeight: 3),
        reference: LossReference.mean { LossReference.crossEntropy($0, $1, weight: 3) },
        logits: true),
      LossCase(
        name: "binary focal", loss: BinaryFocalLoss(),
        reference: LossReference.mean(LossReference.binaryFocal),
        logits: true),
      LossCase(
        name: "Dice + binary cross-entropy",
        loss: CompoundLoss([(0.4, DiceLoss(on: .logits)), (0.6, BinaryCrossEntropyLoss())]),
        reference: { x, t in
          let entropy = LossReference.mean { LossReference.crossEntropy($0, $1, weight: 1) }(x, t)
          return 0.4 * LossReference.dice(x.map(sigmoid), t) + 0.6 * entropy
        }, logits: true),
      LossCase(
        name: "cross-entropy with weights and smoothing",
        loss: CrossEntropyLoss(classWeights: weights, labelSmoothing: 0.1),
        reference: LossReference.classes(4, weight: share) { z, t in
          let p = LossReference.softmax(z)
          return (0..<4).reduce(0.0) { (sum: Double, k: Int) -> Double in
            sum - weights[k] * (0.9 * t[k] + 0.025) * log(p[k])
          }
        }, shape: matrix, classes: true),
      LossCase(
        name: "focal", loss: FocalLoss(gamma: 1.5, classWeights: weights),
        reference: LossReference.classes(4) { z, t in
          let p = LossReference.softmax(z)
          return (0..<4).reduce(0.0) { (sum: Double, k: Int) -> Double in
            sum - weights[k] * t[k] * pow(1 - p[k], 1.5) * log(p[k])
          }
        }, shape: matrix, classes: true),
      LossCase(
        name: "LDAM", loss: LDAMLoss(counts: counts, scale: 3, classWeights: weights),
        reference: LossReference.classes(4, weight: share) { z, t in
          var sum = 0.0
          for y in 0..<4 {
            let lowered = (0..<4).map { (k: Int) -> Double in 3 * (z[k] - (k == y ? margins[y] : 0)) }
            sum -= weights[y] * t[y] * log(LossReference.softmax(lowered)[y])
          }
          return sum
        }, shape: matrix, classes: true),
      LossCase(
        name: "logit adjustment",
        loss: LogitAdjustedLoss(priors: ClassWeights.priors(counts), temperature: 0.8),
        reference: LossReference.classes(4) { z, t in
          let p = LossReference.softmax((0..<4).map { z[$0] + 0.8 * priors[$0] })
          return (0..<4).reduce(0.0) { (sum: Double, k: Int) -> Double in sum - t[k] * log(p[k]) }
        }, shape: matrix, classes: true),
      LossCase(
        name: "LDR-KL", loss: LDRKLLoss(temperature: 0.7, margin: 0.2),
        reference: LossReference.classes(4, LossReference.ldrKL), shape: matrix, classes: true),
      LossCase(
        name: "macro F1", loss: MacroF1Loss(amplification: 20),
        reference: LossReference.macroF1(4, amplification: 20), shape: matrix, classes: true),
    ]
  }()

  @Test("Value and gradient equal the formula's and its finite differences, in double", arguments: cases)
  func finiteDifferences(_ example: LossCase) {
    var random = RandomStream(seed: 3, purpose: "loss \(example.name)")
    let count = example.shape.reduce(1, *)
    let prediction = (0..<count).map { _ in
      example.logits || example.classes ? 2 * random.normal() : random.uniform(0.01...0.99)
    }
    var target = (0..<count).map { _ in random.uniform() }
    if example.classes {
      for row in 0..<example.shape[0] {
        let sum = target[row * 4..<row * 4 + 4].reduce(0, +)
        for k in 0..<4 { target[row * 4 + k] /= sum }
      }
    }
    let (x, t) = (prediction.map(Double.init), target.map(Double.init))
    let result = example.loss(prediction, target: target, shape: example.shape)
    let expected = example.reference(x, t)
    #expect(abs(result.value - expected) < 2e-6 * max(1, abs(expected)))
    let slopes = LossReference.gradient(example.reference, x, t).map { Float($0) }
    #expect(relativeError(result.gradient, slopes) < 1e-5)
  }

  struct Golden: Decodable {
    let name: String
    let shape: [Int]
    let prediction: [Float]
    let target: [Float]
    let value: Double
    let gradient: [Float]
  }

  static let peers: [String: any Loss] = [
    "cross-entropy": CrossEntropyLoss(),
    "cross-entropy weights smoothing": CrossEntropyLoss(classWeights: weights, labelSmoothing: 0.1),
    "cross-entropy soft": CrossEntropyLoss(),
    "focal": FocalLoss(),
    "binary cross-entropy": BinaryCrossEntropyLoss(positiveWeight: 3),
    "binary focal": BinaryFocalLoss(),
    "mean squared error": MeanSquaredErrorLoss(),
    "tversky": TverskyLoss(alpha: 0.7, on: .logits),
    "focal tversky": FocalTverskyLoss(),
    "focal tversky up-sampled": FocalTverskyLoss(on: .logits, voxelsPerEntry: 64),
    "clDice": ClDiceLoss(iterations: 3),
    "clDice plane": ClDiceLoss(iterations: 2),
    "LDAM": LDAMLoss(counts: counts, classWeights: weights),
    "logit adjustment": LogitAdjustedLoss(priors: ClassWeights.priors(counts)),
  ]

  @Test("Values and gradients equal PyTorch's, torchvision's and MONAI's")
  func goldenValues() throws {
    let cases = try golden("losses.json", as: [Golden].self)
    #expect(Set(cases.map(\.name)) == Set(Self.peers.keys))
    for example in cases {
      let loss = try #require(Self.peers[example.name])
      let result = loss(example.prediction, target: example.target, shape: example.shape)
      #expect(abs(result.value - example.value) < 3e-6, "\(example.name)")
      #expect(relativeError(result.gradient, example.gradient) < 3e-5, "\(example.name)")
    }
  }

  @Test("The focal Tversky loss has the published example's value and gradient")
  func publishedExample() {
    let (p, t): ([Float], [Float]) = ([0.9, 0.1, 0.8, 0.3], [1, 0, 1, 0])
    let result = FocalTverskyLoss()(p, target: t, shape: [1, 1, 4])
    #expect(abs(result.value - 0.1895848) < 1e-6)
    #expect(relativeError(result.gradient, [-0.3156902, 0.1151843, -0.3156902, 0.1151843]) < 1e-6)
    #expect(abs(DiceLoss()(p, target: t, shape: [1, 1, 4]).value - (1 - 0.8627451)) < 1e-6)
  }

  @Test("Empty label: zero for an empty prediction, 0.97571 for a hundred false positives")
  func emptyLabel() {
    let label = [Float](repeating: 0, count: 1000)
    let empty = FocalTverskyLoss()(label, target: label, shape: [1, 1, 1000])
    #expect(empty.value == 0)
    #expect(allFinite(empty.gradient))
    let wrong = label.indices.map { $0 < 100 ? Float(1) : 0 }
    #expect(abs(FocalTverskyLoss()(wrong, target: label, shape: [1, 1, 1000]).value - 0.97571) < 1e-5)
  }

  @Test("A perfect prediction has a finite gradient, and logits of any size too")
  func extremes() {
    let label: [Float] = [1, 0, 1, 0, 0]
    let perfect = FocalTverskyLoss()(label, target: label, shape: [1, 1, 5])
    #expect(perfect.value < 1e-4 && allFinite(perfect.gradient))
    let logits: [Float] = [1e4, -1e4, -300, 300, 0]
    let losses: [any Loss] = [
      FocalTverskyLoss(on: .logits), BinaryCrossEntropyLoss(), BinaryFocalLoss(), CrossEntropyLoss(),
      FocalLoss(),
      LDAMLoss(counts: [5, 4, 3, 2, 1]), LDRKLLoss(), MacroF1Loss(),
    ]
    for loss in losses {
      let result = loss(logits, target: [1, 0, 0, 0, 0], shape: [1, 5])
      #expect(result.value.isFinite && allFinite(result.gradient), "\(loss)")
    }
  }

  @Test("The same bytes for any number of threads")
  func threads() {
    var random = RandomStream(seed: 1, purpose: "threads")
    let x = (0..<70_003).map { _ in random.normal() }
    let t = x.map { $0 > 0.5 ? Float(1) : 0 }
    let losses: [any Loss] = [FocalTverskyLoss(on: .logits), BinaryFocalLoss(), CrossEntropyLoss()]
    for loss in losses {
      let single = Parallel.withThreads(1) { loss(x, target: t, shape: [1, 1, 70_003]) }
      let several = Parallel.withThreads(3) { loss(x, target: t, shape: [1, 1, 70_003]) }
      #expect(single.value == several.value && single.gradient == several.gradient)
    }
  }
}

import Imaging
import NeuralNetworks

/// What a vessel network is trained for: the weighted sum of a segmentation loss at several scales (DS6), the consistency of
/// both branches (DS6), projections (SPOCKMIP), and terms for continuity.
///
/// Branch 1 are the patches, branch 2 their deformed twins, as ``TrainingBatch`` lays them out. Labels take part where there are
/// some; patches without are trained by consistency alone. Every term is taken of each channel by itself.
public struct VesselObjective: Codable, Sendable, Equatable {
  /// The consistency term of DS6.
  public struct Consistency: Codable, Sendable, Equatable {
    /// How both branches are compared.
    public var loss = DeformationConsistencyLoss()
    /// Weight of the term; 1 in the paper.
    public var weight = 1.0
    /// Steps over which the weight rises from 0 in a straight line.
    public var rampSteps = 0

    /// The paper's weight with a distance that is 0 for equal maps.
    public init() {}
  }

  /// The projection term of SPOCKMIP.
  public struct Projection: Codable, Sendable, Equatable {
    /// The axes.
    public var axes: [MIPLoss.Axis]
    /// Weight of the term; everything else is multiplied by 1 − weight. 0.3 in the paper.
    public var weight = 0.3
    /// Whether axes are summed, as in the paper's code, instead of averaged.
    public var sumsAxes = false

    /// The paper's weight for `axes`.
    public init(axes: [MIPLoss.Axis]) { self.axes = axes }
  }

  /// Weight of each scale, fine to coarse.
  public var scales = [1, 0.66, 0.34]
  /// Weight α of missed voxels and exponent γ of the focal Tversky loss of the scales; projections keep the published ones.
  public var alpha = 0.7, gamma = 0.75
  /// Weight of binary cross-entropy beside the focal Tversky loss.
  public var crossEntropy = 0.0
  /// Weight of vessel voxels in the cross-entropy at the first step. The slope of an overlap loss vanishes where all
  /// probabilities are small, as they are in the first steps when few voxels are vessel; a weight well above 1 leads out of
  /// there.
  public var positiveWeight: Float = 1
  /// Steps over which that weight falls to 1 in a straight line; 0 keeps it.
  public var positiveSteps = 0
  /// Weight of the skeleton recall loss, of branch 1 at full resolution.
  public var skeletonRecall = 0.0
  /// Weight of the soft centreline Dice loss, of branch 1 at full resolution.
  public var centrelineDice = 0.0
  /// The consistency of both branches; nil without.
  public var consistency: Consistency?
  /// The projections of branch 1; nil without.
  public var projection: Projection?

  /// The segmentation loss of DS6 and nothing else.
  public init() {}

  /// The loss of one scale.
  private func segmentation(step: Int) -> MultiScaleLoss {
    let (alpha, gamma, crossEntropy) = (alpha, gamma, crossEntropy)
    let fallen = positiveSteps > 0 ? min(1, Float(step) / Float(positiveSteps)) : 0
    let positiveWeight = positiveWeight + fallen * (1 - positiveWeight)
    return MultiScaleLoss(weights: scales) { voxels in
      let overlap = FocalTverskyLoss(alpha: alpha, gamma: gamma, on: .logits, voxelsPerEntry: voxels)
      guard crossEntropy > 0 else { return ChannelwiseLoss(overlap) }
      let entropy = BinaryCrossEntropyLoss(positiveWeight: positiveWeight)
      return ChannelwiseLoss(CompoundLoss([(1, overlap), (crossEntropy, entropy)]))
    }
  }

  /// The terms of the loss at a plan's outputs; writes their derivatives, which must be zero before.
  public func evaluate(_ plan: Plan, _ batch: TrainingBatch, step: Int) -> [Trainer.Term] {
    evaluate(
      logits: plan.outputs.map { UnsafeBufferPointer($0.values) },
      gradients: plan.outputGradients.map(\.values), shapes: plan.outputs.map(\.shape), batch, step: step)
  }

  /// The terms of the loss, each with its weight applied.
  ///
  /// - Parameters:
  ///   - logits: The outputs from fine to coarse, N or 2N C D H W.
  ///   - gradients: As many derivatives, zero before.
  ///   - shapes: The outputs' shapes.
  ///   - batch: What the network has seen.
  ///   - step: The step's number, for ramps.
  package func evaluate(
    logits: [UnsafeBufferPointer<Float>], gradients: [UnsafeMutableBufferPointer<Float>], shapes: [[Int]],
    _ batch: TrainingBatch, step: Int
  ) -> [Trainer.Term] {
    let first = Branch(0, of: batch, logits: logits, gradients: gradients, shapes: shapes)
    var terms: [Trainer.Term] = []
    let rest = projection.map { 1 - $0.weight } ?? 1
    if batch.labelled > 0 {
      terms.append(
        Trainer.Term("segmentation", evaluate(segmentation: first, batch, step: step, weight: rest)))
      if !batch.warps.isEmpty {
        let second = Branch(1, of: batch, logits: logits, gradients: gradients, shapes: shapes)
        terms.append(
          Trainer.Term(
            "deformed segmentation", evaluate(segmentation: second, batch, step: step, weight: rest)))
      }
      if skeletonRecall > 0 {
        let loss = ChannelwiseLoss(SkeletonRecallLoss(on: .logits))
        let value = first.add(loss, target: batch.centrelines, weight: rest * skeletonRecall)
        terms.append(Trainer.Term("skeleton recall", value))
      }
      if centrelineDice > 0 {
        let loss = ChannelwiseLoss(ClDiceLoss(on: .logits))
        let value = first.add(loss, target: first.labels(batch), weight: rest * centrelineDice)
        terms.append(Trainer.Term("centreline Dice", value))
      }
    }
    if let consistency, !batch.warps.isEmpty {
      let ramp = min(1, Double(step + 1) / Double(max(1, consistency.rampSteps)))
      let (channels, half) = (shapes[0][1], logits[0].count / 2)
      let value = consistency.loss.evaluate(
        logits: UnsafeBufferPointer(rebasing: logits[0][..<half]),
        deformed: UnsafeBufferPointer(rebasing: logits[0][half...]),
        warps: batch.warps.flatMap { Array(repeating: $0, count: channels) },
        weight: rest * ramp * consistency.weight,
        addingTo: UnsafeMutableBufferPointer(rebasing: gradients[0][..<half]),
        UnsafeMutableBufferPointer(rebasing: gradients[0][half...]))
      terms.append(Trainer.Term("consistency", value))
    }
    if let projection, batch.labelled > 0 {
      terms.append(Trainer.Term("projection", evaluate(projection, first, batch)))
    }
    return terms
  }

  private func evaluate(segmentation branch: Branch, _ batch: TrainingBatch, step: Int, weight: Double)
    -> Double
  {
    let labels = LabelPyramid(
      label: branch.labels(batch), shape: branch.shapes[0], levels: branch.shapes.count)
    let value = segmentation(step: step).evaluate(
      logits: branch.logits, labels: labels, gradients: branch.gradients)
    for gradient in branch.gradients where weight != 1 {
      for index in gradient.indices { gradient[index] *= Float(weight) }
    }
    return weight * value
  }

  private func evaluate(_ projection: Projection, _ branch: Branch, _ batch: TrainingBatch) -> Double {
    let loss = MIPLoss(axes: projection.axes, sumsAxes: projection.sumsAxes)
    // Each channel of each sample is an image of its own.
    func single(_ shape: [Int]) -> [Int] { [shape[0] * shape[1], 1] + shape[2...] }
    let targets =
      batch.projections ?? loss.targets(labels: branch.labels(batch), shape: single(branch.shapes[0]))
    return branch.shapes.indices.reduce(0) { total, level in
      total
        + loss.evaluate(
          logits: branch.logits[level], targets: targets, shape: single(branch.shapes[level]),
          weight: projection.weight * scales[level], addingTo: branch.gradients[level])
    }
  }
}

/// The labelled samples of one branch of a batch, at every scale.
private struct Branch {
  let index: Int
  let logits: [UnsafeBufferPointer<Float>]
  let gradients: [UnsafeMutableBufferPointer<Float>]
  /// L C D H W.
  let shapes: [[Int]]

  init(
    _ index: Int, of batch: TrainingBatch, logits: [UnsafeBufferPointer<Float>],
    gradients: [UnsafeMutableBufferPointer<Float>], shapes: [[Int]]
  ) {
    self.index = index
    self.shapes = shapes.map { [batch.labelled] + $0[1...] }
    let ranges = shapes.map { shape in
      let size = shape[1...].reduce(1, *)
      return index * batch.samples * size..<(index * batch.samples + batch.labelled) * size
    }
    self.logits = zip(logits, ranges).map { UnsafeBufferPointer(rebasing: $0[$1]) }
    self.gradients = zip(gradients, ranges).map { UnsafeMutableBufferPointer(rebasing: $0[$1]) }
  }

  func labels(_ batch: TrainingBatch) -> [Float] {
    let size = shapes[0].reduce(1, *)
    return Array(batch.labels[index * size..<(index + 1) * size])
  }

  /// Add `weight` times the gradient of `loss` at full resolution; `weight` times its value.
  func add(_ loss: some Loss, target: [Float], weight: Double) -> Double {
    var slopes = [Float](repeating: 0, count: target.count)
    let value = target.withUnsafeBufferPointer { target in
      slopes.withUnsafeMutableBufferPointer {
        loss.evaluate(logits[0], target: target, shape: shapes[0], gradient: $0)
      }
    }
    for index in slopes.indices { gradients[0][index] += Float(weight) * slopes[index] }
    return weight * value
  }
}

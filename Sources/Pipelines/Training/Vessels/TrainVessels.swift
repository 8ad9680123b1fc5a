import Foundation
import ImageAnalysis
import Imaging
import NeuralNetworks
import Vessels

extension LabelConvention: ParameterChoice {}
extension IntensityNormalization: ParameterChoice {}
extension VesselTrainingSettings.Selection: ParameterChoice {}
extension DeformationConsistencyLoss.Distance: ParameterChoice {}

/// Trains a vessel network on scans with labels, on scans without (by the consistency of deformed twins), and on synthetic
/// angiographies, in any mixture.
struct TrainVessels: Training {
  enum Architecture: String, ParameterChoice { case unet, mss, attention }
  enum Projections: String, ParameterChoice { case none, x, y, z, multi }
  enum ProjectionTarget: String, ParameterChoice { case patch, volume }
  enum Algorithm: String, ParameterChoice { case adam, sgd, muon }
  enum Schedule: String, ParameterChoice {
    case constant, cosine, polynomial
    case coolDown = "cool-down"
  }
  enum Augmentation: String, ParameterChoice { case none, usual }
  enum Precision: String, ParameterChoice { case auto, f32, bf16x3, bf16x2, bf16 }

  static let name = "vessels.train"
  static let summary = "Trains a vessel network on scans, labelled or not, and on synthetic angiographies."
  static let needsLabelPerCase = false

  var network = Architecture.mss
  var width = 16
  var negativeSlope: Float = 0
  var outputs = [LabelConvention.all]
  var normalization = IntensityNormalization.percentile
  var start: InputFile?

  var patch = 64
  var batch = 2
  var imageOnly = 0
  var synthetic = 0
  var replayed = 0
  var foreground: Float = 0.5
  var augmentation = Augmentation.usual

  var epochs = 50
  var steps = 250
  var optimizer = Algorithm.adam
  var learningRate = 1e-3
  var weightDecay = 1e-4
  var schedule = Schedule.cosine
  var warmUp = 100
  var coolDown = 1000
  var gradientLimit: Double? = 5
  var average: Double? = 0.998
  var precision = Precision.auto
  var seed = 1

  var alpha = 0.7
  var gamma = 0.75
  var crossEntropy = 0.0
  var positiveWeight: Float = 1
  var positiveSteps = 0
  var skeletonRecall = 0.0
  var centrelineDice = 0.0
  var consistency = 0.0
  var consistencyRamp = 0
  var distance = DeformationConsistencyLoss.Distance.squaredDice
  var stopsGradient = false
  var knotSpacing: Float = 10
  var displacement: Float = 4
  var projections = Projections.none
  var projectionWeight = 0.3
  var projectionTarget = ProjectionTarget.patch
  var sumsProjections = false

  var validation = 0.2
  var validationCases: [String] = []
  var validationInterval = 1
  var folds = 0
  var fold = 0
  var selection = VesselTrainingSettings.Selection.best
  var patience: Int?
  var loaders = 1

  func validate() throws {
    func require(_ holds: Bool, _ found: String, _ expected: String) throws {
      if !holds { throw WrongValue(found: found, expected: expected) }
    }
    try require(patch % 16 == 0, "\(patch)", "patch: a multiple of 16 from 16 to 256")
    try require(
      imageOnly + synthetic + replayed <= batch, "\(imageOnly) + \(synthetic) + \(replayed) of \(batch)",
      "image_only, synthetic and replayed: together at most the batch")
    try require(
      imageOnly == 0 || consistency > 0, "image_only \(imageOnly), consistency 0",
      "consistency: more than 0, by which alone image-only cases train")
    try require(
      !outputs.isEmpty && Set(outputs).count == outputs.count, "\(outputs)", "outputs: all, bright or both")
    try require(
      outputs.count == 1 || isSynthetic, "\(outputs.count) outputs",
      "one output, as scans have one label each")
    try require(
      projectionTarget == .patch || projections == .none || augmentation == .none, "augmentation usual",
      "augmentation: none, as the projection of a whole volume does not fit an augmented patch")
    try require(
      projectionTarget == .patch || !usesSynthetic, "synthetic \(synthetic)", "mip_target: patch")
    try require(
      skeletonRecall == 0 || !usesSynthetic, "skeleton_recall \(skeletonRecall)",
      "skeleton_recall: 0, as synthetic patches bring no centre lines")
    try require(folds != 1, "1", "folds: 0 for none, or at least 2")
    try require(fold <= folds, "\(fold)", "fold: 0 for all, or up to \(folds)")
    try require(
      replayed == 0 || synthetic > 0, "replayed \(replayed)", "synthetic: at least 1, to replay from")
  }

  /// Whether synthetic patches take part, and whether nothing else does.
  var usesSynthetic: Bool { synthetic > 0 }
  var isSynthetic: Bool { synthetic + replayed == batch }

  /// Everything that decides the weights, for one fold.
  func settings(fold: Int) -> VesselTrainingSettings {
    var design = UNet3D(
      width: width, skip: network == .attention ? .attention : .plain,
      supervision: network == .mss ? .pointwise : .none, negativeSlope: negativeSlope)
    design.outputChannels = outputs.count
    var optimization = Trainer.Settings(learningRate: learningRate, steps: steps * epochs)
    switch optimizer {
    case .adam: optimization.algorithm = .adam(Adam(weightDecay: weightDecay))
    case .sgd: optimization.algorithm = .sgd(SGD(momentum: 0.99, nesterov: true, weightDecay: weightDecay))
    case .muon: optimization.algorithm = .muon(Muon())
    }
    let main: LearningRateSchedule =
      switch schedule {
      case .constant: .constant
      case .cosine: .cosine(floor: 0.01)
      case .polynomial: .polynomial(power: 0.9)
      case .coolDown: .coolDown(steps: coolDown, floor: 0.01)
      }
    optimization.schedule = warmUp > 0 ? .warmUp(steps: warmUp, then: main) : main
    optimization.gradientLimit = gradientLimit
    optimization.averageDecay = average
    var result = VesselTrainingSettings(design: design, outputs: outputs, optimization: optimization)
    result.normalization = normalization
    (result.side, result.batch, result.stepsPerEpoch, result.epochs) = (patch, batch, steps, epochs)
    result.objective = objective
    if consistency > 0 {
      result.deformation = RandomElasticDeformation(
        knotSpacing: knotSpacing, maximumDisplacement: displacement)
    }
    result.precision = Plan.Precision(rawValue: precision.rawValue) ?? .automatic
    result.seed = UInt64(seed + 1000 * fold)
    (result.selection, result.validationInterval, result.patience) = (selection, validationInterval, patience)
    return result
  }

  private var objective: VesselObjective {
    var result = VesselObjective()
    if network != .mss { result.scales = [1] }
    (result.alpha, result.gamma) = (alpha, gamma)
    (result.crossEntropy, result.positiveWeight) = (crossEntropy, positiveWeight)
    result.positiveSteps = positiveSteps
    (result.skeletonRecall, result.centrelineDice) = (skeletonRecall, centrelineDice)
    if consistency > 0 {
      var term = VesselObjective.Consistency()
      term.loss = DeformationConsistencyLoss(distance: distance, stopsGradient: stopsGradient)
      (term.weight, term.rampSteps) = (consistency, consistencyRamp)
      result.consistency = term
    }
    let axes: [MIPLoss.Axis] =
      switch projections {
      case .none: []
      case .x: [.x]
      case .y: [.y]
      case .z: [.z]
      case .multi: [.x, .y, .z]
      }
    if !axes.isEmpty {
      var term = VesselObjective.Projection(axes: axes)
      (term.weight, term.sumsAxes) = (projectionWeight, sumsProjections)
      result.projection = term
    }
    return result
  }
}

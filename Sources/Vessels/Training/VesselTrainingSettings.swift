import ImageAnalysis
import Imaging
import NeuralNetworks

/// Everything that decides the weights of a training, apart from the scans: equal settings, scans, machine and threads give equal
/// weights.
public struct VesselTrainingSettings: Codable, Sendable, Equatable {
  /// Which epoch's weights become the model.
  public enum Selection: String, Codable, Sendable, CaseIterable {
    /// Those with the best validation score.
    case best
    /// The last.
    case last
  }

  /// The network.
  public var design: UNet3D
  /// What each output channel is trained to find.
  public var outputs: [LabelConvention]
  /// How intensities are scaled.
  public var normalization = IntensityNormalization.percentile
  /// The side of a patch, in voxels.
  public var side = 64
  /// Patches of a batch, deformed twins not counted.
  public var batch = 2
  /// Steps of an epoch, and epochs.
  public var stepsPerEpoch = 250, epochs = 50
  /// Optimiser, rates and averaging.
  public var optimization: Trainer.Settings
  /// Loss.
  public var objective = VesselObjective()
  /// The family of deformations of the twins; nil without twins.
  public var deformation: RandomElasticDeformation?
  /// What activations are stored as.
  public var precision = Plan.Precision.automatic
  /// Seeds everything.
  public var seed: UInt64 = 1
  /// Which epoch's weights become the model.
  public var selection = Selection.best
  /// Epochs between validations.
  public var validationInterval = 1
  /// Validations in a row without improvement after which the training ends; nil for none.
  public var patience: Int?

  /// A training of `design`.
  public init(design: UNet3D, outputs: [LabelConvention], optimization: Trainer.Settings) {
    precondition(design.outputChannels == outputs.count, "a meaning for each channel")
    (self.design, self.outputs, self.optimization) = (design, outputs, optimization)
  }

  /// Steps of the whole training.
  public var steps: Int { stepsPerEpoch * epochs }

  /// N or 2N 1 D H W.
  var inputShape: [Int] { [deformation == nil ? batch : 2 * batch, 1, side, side, side] }

  /// What must be the same on resuming: all but the training's length, where the schedule does not depend on it.
  var lasting: VesselTrainingSettings {
    var result = self
    (result.epochs, result.patience, result.optimization.steps) = (0, nil, 0)
    return result
  }
}

/// What one epoch brought.
public struct TrainingEpoch: Codable, Sendable, Equatable {
  /// The epoch, 1 = first, and the steps made by its end.
  public var epoch: Int, step: Int
  /// The learning rate of its last step.
  public var learningRate: Double
  /// The means of the terms of the loss.
  public var terms: [String: Double]
  /// The mean norm of the gradient before clipping.
  public var gradientNorm: Double
  /// Scores of the validation; nil where there was none.
  public var validation: ValidationScore?
  /// Seconds that it took, validation included, and how many of them the network waited for patches.
  public var seconds: Double, waitedSeconds: Double
}

/// Scores of whole volumes, means over the cases.
public struct ValidationScore: Codable, Sendable, Equatable {
  /// Overlap, and overlap of centre lines; nil where undefined in every case.
  public var dice: Double?, clDice: Double?

  /// These means.
  public init(dice: Double?, clDice: Double?) { (self.dice, self.clDice) = (dice, clDice) }

  /// What selects the best epoch, smaller is better: 1 minus the mean of both.
  public var loss: Double? {
    let known = [dice, clDice].compactMap { $0 }
    return known.isEmpty ? nil : 1 - known.reduce(0, +) / Double(known.count)
  }
}

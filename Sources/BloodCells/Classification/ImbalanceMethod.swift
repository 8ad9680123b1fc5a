import Foundation
import NeuralNetworks

/// What is done about types that are a hundred times rarer than others.
public enum ImbalanceMethod: String, Sendable, Codable, Hashable, CaseIterable {
  /// Nothing: plain cross-entropy on cells as they come.
  case none
  /// Class weights 1/n.
  case inverse
  /// Class weights 1/√n.
  case inverseSquareRoot = "inverse-square-root"
  /// Class weights by the effective number of samples, β = 0.999 (Cui et al., CVPR 2019).
  case effectiveNumber = "effective-number"
  /// Focal loss, γ = 2 (Lin et al., ICCV 2017).
  case focal
  /// Label-distribution-aware margins, class weights in the last fifth (Cao et al., NeurIPS 2019).
  case ldam
  /// Logit adjustment, τ = 1 (Menon et al., ICLR 2021).
  case logitAdjustment = "logit-adjustment"
  /// Every type drawn equally often.
  case balancedSampling = "balanced-sampling"
  /// Types drawn with n^(1/T), T falling from 5 to 1 over the training.
  case temperatureSampling = "temperature-sampling"
  /// Label-distributionally robust loss, λ = 1 and margin 0.3 (Zhu, Ying and Yang, ICML 2023).
  case distributionallyRobust = "distributionally-robust"
  /// Macro F1 as a differentiable loss (AnyLoss; Han et al., KDD 2024) beside cross-entropy.
  case macroF1 = "macro-f1"
  /// Half of every mini-batch drawn by the loss that cells had when last seen.
  case hardSamples = "hard-samples"
  /// Pairs of pictures mixed, one drawn as it comes, one from balanced types (Balanced-MixUp; Galdran et al., MICCAI 2021).
  case mixup
  /// Plain training, then the last layer alone on balanced types (Kang et al., ICLR 2020).
  case decoupled
}

extension ImbalanceMethod {
  /// How often types are drawn: the exponent q of n^q; 1 leaves cells as they come, 0 balances.
  ///
  /// - Parameter share: The share of the training done, 0 to 1.
  package func samplingExponent(_ share: Double) -> Double {
    switch self {
    case .balancedSampling: 0
    case .temperatureSampling: 1 / (5 - 4 * min(1, share / 0.8))
    default: 1
    }
  }

  /// The loss at `share` of the training for `counts` training cells a type.
  func loss(counts: [Int], labelSmoothing: Double, share: Double) -> any Loss {
    switch self {
    case .none, .balancedSampling, .temperatureSampling, .hardSamples, .mixup, .decoupled:
      CrossEntropyLoss(labelSmoothing: labelSmoothing)
    case .inverse:
      CrossEntropyLoss(classWeights: ClassWeights.inverse(counts), labelSmoothing: labelSmoothing)
    case .inverseSquareRoot:
      CrossEntropyLoss(
        classWeights: ClassWeights.inverseSquareRoot(counts), labelSmoothing: labelSmoothing)
    case .effectiveNumber:
      CrossEntropyLoss(
        classWeights: ClassWeights.effectiveNumber(counts, beta: 0.999), labelSmoothing: labelSmoothing)
    case .focal: FocalLoss()
    case .ldam:
      // The logits here are no cosines, so they are not scaled, and the margins are in units of logits.
      LDAMLoss(
        counts: counts, maximumMargin: 3, scale: 1,
        classWeights: share < 0.8 ? nil : ClassWeights.effectiveNumber(counts, beta: 0.999))
    case .logitAdjustment: LogitAdjustedLoss(priors: ClassWeights.priors(counts))
    case .distributionallyRobust: LDRKLLoss(temperature: 1, margin: 0.3)
    case .macroF1:
      // Alone its gradient vanishes while no probability is near a half.
      CompoundLoss([
        (1, CrossEntropyLoss(labelSmoothing: labelSmoothing)), (1, MacroF1Loss(amplification: 10)),
      ])
    }
  }
}

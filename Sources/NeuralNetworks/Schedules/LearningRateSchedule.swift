import Foundation

/// The learning rate over a training, as a factor on the highest rate.
public indirect enum LearningRateSchedule: Hashable, Sendable, Codable {
  /// Always 1.
  case constant
  /// Half a cosine from 1 to `floor` (Loshchilov and Hutter, 2017).
  case cosine(floor: Double)
  /// `(1 − t)^power` over the share t of the training; 0.9 in nnU-Net.
  case polynomial(power: Double)
  /// 1 until the last `steps`, then `1 − √t` down to `floor` over their share t (Hägele et al., NeurIPS 2024): until then the
  /// weights do not depend on the length of the training, which may be decided late.
  case coolDown(steps: Int, floor: Double)
  /// From near 0 to 1 in a straight line over the first `steps`, then the other schedule over the rest.
  case warmUp(steps: Int, then: LearningRateSchedule)

  /// The factor for step `step` (0 = first) of `total`.
  public func factor(step: Int, of total: Int) -> Double {
    let share = total > 0 ? min(1, Double(max(0, step)) / Double(total)) : 1
    switch self {
    case .constant: return 1
    case .cosine(let floor): return floor + (1 - floor) * (1 + cos(.pi * share)) / 2
    case .polynomial(let power): return pow(1 - share, power)
    case .coolDown(let steps, let floor):
      let into = min(1, max(0, Double(step - (total - steps)) / Double(max(1, steps))))
      return floor + (1 - floor) * (1 - into.squareRoot())
    case .warmUp(let steps, let then):
      if step < steps { return Double(step + 1) / Double(steps) }
      return then.factor(step: step - steps, of: total - steps)
    }
  }
}

extension LearningRateSchedule {
  /// Whether an early step's factor depends on the training's length, so that a training cannot be made longer later on.
  public var dependsOnLength: Bool {
    switch self {
    case .constant, .coolDown: false
    case .cosine, .polynomial: true
    case .warmUp(_, let next): next.dependsOnLength
    }
  }
}

/// A factor on the learning rate that shrinks when a score no longer falls.
public struct PlateauSchedule: Hashable, Sendable, Codable {
  /// Multiplies the factor at each plateau.
  public var shrink: Double
  /// Scores in a row without improvement that are waited for.
  public var patience: Int
  /// An improvement must exceed this share of the best score.
  public var threshold: Double
  /// The factor does not fall below this.
  public var floor: Double
  /// The factor now.
  public private(set) var factor = 1.0
  /// The lowest score so far.
  public private(set) var best = Double.greatestFiniteMagnitude
  /// Scores since then.
  public private(set) var waited = 0

  /// By default PyTorch's constants: a tenth after more than ten scores without an improvement of 1e-4.
  public init(shrink: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4, floor: Double = 0) {
    self.shrink = shrink
    self.patience = patience
    self.threshold = threshold
    self.floor = floor
  }

  /// Take in the score of one more validation; smaller is better.
  public mutating func update(score: Double) {
    if score < best * (1 - threshold) {
      best = score
      waited = 0
      return
    }
    waited += 1
    if waited > patience {
      factor = max(floor, factor * shrink)
      waited = 0
    }
  }
}

import Foundation

/// Weights per class made from the number of training samples of each class. All counts must be positive.
public enum ClassWeights {
  /// N / (K·nₖ), which averages 1 over the samples.
  public static func inverse(_ counts: [Int]) -> [Double] { power(counts, -1) }

  /// nₖ^(−½), scaled to average 1 over the samples.
  public static func inverseSquareRoot(_ counts: [Int]) -> [Double] { power(counts, -0.5) }

  /// (1 − β) / (1 − β^nₖ), scaled to average 1 over the classes: the class-balanced weights of Cui et al. (2019), by the
  /// effective number of samples; β = 0.999 or 0.9999.
  public static func effectiveNumber(_ counts: [Int], beta: Double) -> [Double] {
    let weights = counts.map { (1 - beta) / (1 - pow(beta, Double($0))) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 * Double(counts.count) / sum }
  }

  /// The share of each class among all samples.
  public static func priors(_ counts: [Int]) -> [Double] {
    let total = Double(counts.reduce(0, +))
    return counts.map { Double($0) / total }
  }

  private static func power(_ counts: [Int], _ exponent: Double) -> [Double] {
    precondition(counts.allSatisfy { $0 > 0 }, "every class has samples")
    let raw = counts.map { pow(Double($0), exponent) }
    let mean = zip(raw, counts).reduce(0) { $0 + $1.0 * Double($1.1) } / Double(counts.reduce(0, +))
    return raw.map { $0 / mean }
  }
}

import Foundation

/// The temperature by which logits are divided so that probabilities are as right as they can be by one number (Guo et
/// al., ICML 2017): the one with the smallest cross-entropy on `logits` of known `types`, between 0.2 and 5.
///
/// - Parameter logits: One row a cell, of cells that were not trained on.
/// - Returns: 1 without cells.
public func calibratedTemperature(logits: [[Double]], types: [Int]) -> Double {
  precondition(logits.count == types.count, "a row for each type")
  guard !logits.isEmpty else { return 1 }
  func crossEntropy(_ logTemperature: Double) -> Double {
    zip(logits, types).reduce(0) { sum, sample in
      sum - log(max(1e-300, probabilities(of: sample.0, temperature: exp(logTemperature))[sample.1]))
    }
  }
  // Golden section: the function has one minimum in 1/T, so one in log T.
  let ratio = (5.0.squareRoot() - 1) / 2
  var (low, high) = (log(0.2), log(5.0))
  var (a, b) = (high - ratio * (high - low), low + ratio * (high - low))
  var (fa, fb) = (crossEntropy(a), crossEntropy(b))
  while high - low > 1e-4 {
    if fa < fb {
      (high, b, fb) = (b, a, fa)
      a = high - ratio * (high - low)
      fa = crossEntropy(a)
    } else {
      (low, a, fa) = (a, b, fb)
      b = low + ratio * (high - low)
      fb = crossEntropy(b)
    }
  }
  return exp((low + high) / 2)
}

/// Softmax of `logits` over `temperature`.
public func probabilities(of logits: [Double], temperature: Double) -> [Double] {
  let largest = logits.max() ?? 0
  let powers = logits.map { exp(($0 - largest) / temperature) }
  let sum = powers.reduce(0, +)
  return powers.map { $0 / sum }
}

import Foundation

/// The losses written once more, straight from their formulas and in double, for finite differences.
enum LossReference {
  typealias Function = ([Double], [Double]) -> Double

  static func sigmoid(_ z: Double) -> Double { 1 / (1 + exp(-z)) }

  static func tverskyIndex(_ p: [Double], _ t: [Double], alpha: Double) -> Double {
    let truePositives = zip(p, t).reduce(0) { $0 + $1.0 * $1.1 }
    let falseNegatives = zip(p, t).reduce(0) { $0 + (1 - $1.0) * $1.1 }
    let falsePositives = zip(p, t).reduce(0) { $0 + $1.0 * (1 - $1.1) }
    return (truePositives + 1) / (truePositives + alpha * falseNegatives + (1 - alpha) * falsePositives + 1)
  }

  static func dice(_ p: [Double], _ t: [Double]) -> Double {
    1 - (2 * zip(p, t).reduce(0) { $0 + $1.0 * $1.1 } + 1) / (p.reduce(0, +) + t.reduce(0, +) + 1)
  }

  static func recall(_ p: [Double], _ t: [Double]) -> Double {
    1 - (zip(p, t).reduce(0) { $0 + $1.0 * $1.1 } + 1) / (t.reduce(0, +) + 1)
  }

  static func mean(_ term: @escaping (Double, Double) -> Double) -> Function {
    { x, t in zip(x, t).reduce(0) { $0 + term($1.0, $1.1) } / Double(x.count) }
  }

  static func crossEntropy(_ z: Double, _ t: Double, weight: Double) -> Double {
    -weight * t * log(sigmoid(z)) - (1 - t) * log(1 - sigmoid(z))
  }

  static func ldrKL(_ z: [Double], _ t: [Double]) -> Double {
    var sum = 0.0
    for y in z.indices {
      var worst = 0.0
      for k in z.indices { worst += exp((z[k] - z[y] + (k == y ? 0 : 0.2)) / 0.7) }
      sum += t[y] * 0.7 * log(worst / 4)
    }
    return sum
  }

  static func binaryFocal(_ z: Double, _ t: Double) -> Double {
    let p = sigmoid(z)
    let right = t * p + (1 - t) * (1 - p)
    let crossEntropy = -t * log(p) - (1 - t) * log(1 - p)
    return (0.25 * t + 0.75 * (1 - t)) * pow(1 - right, 2) * crossEntropy
  }

  /// Σ over samples of `term(probabilities' logits, target)` divided by Σ `weight(target)`, for N × K.
  static func classes(
    _ k: Int, weight: @escaping ([Double]) -> Double = { _ in 1 },
    _ term: @escaping ([Double], [Double]) -> Double
  ) -> Function {
    { x, t in
      var (value, total) = (0.0, 0.0)
      for n in 0..<x.count / k {
        let (z, shares) = (Array(x[n * k..<n * k + k]), Array(t[n * k..<n * k + k]))
        value += term(z, shares)
        total += weight(shares)
      }
      return value / total
    }
  }

  static func softmax(_ z: [Double]) -> [Double] {
    let sum = z.reduce(0) { $0 + exp($1) }
    return z.map { exp($0) / sum }
  }

  static func macroF1(_ k: Int, amplification: Double) -> Function {
    { x, t in
      var (hits, predicted, actual) = (
        [Double](repeating: 0, count: k), [Double](repeating: 0, count: k), [Double](repeating: 0, count: k)
      )
      for n in 0..<x.count / k {
        let p = softmax(Array(x[n * k..<n * k + k]))
        for c in 0..<k {
          let a = 1 / (1 + exp(-amplification * (p[c] - 0.5)))
          hits[c] += a * t[n * k + c]
          predicted[c] += a
          actual[c] += t[n * k + c]
        }
      }
      let scores = (0..<k).filter { actual[$0] > 0 }.map { 2 * hits[$0] / (predicted[$0] + actual[$0]) }
      return 1 - scores.reduce(0, +) / Double(scores.count)
    }
  }

  /// The gradient of `function` by central differences, at all entries or some.
  static func gradient(
    _ function: Function, _ x: [Double], _ t: [Double], at entries: [Int]? = nil
  ) -> [Double] {
    let step = 1e-5
    return (entries ?? Array(x.indices)).map { i in
      var (above, below) = (x, x)
      above[i] += step
      below[i] -= step
      return (function(above, t) - function(below, t)) / (2 * step)
    }
  }
}

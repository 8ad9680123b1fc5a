import Foundation
import Numerics

/// The mean over all samples (or positions of a map) of a function of one sample's logits and target.
///
/// Shape N K, or N K D H W with one sample per position. A target row holds the shares of the K classes: one-hot, or soft
/// where labels are mixed. The arithmetic is in double.
public protocol ClassLoss: Loss {
  /// The loss of one sample times its weight; its derivative with respect to every logit is written to `slopes`.
  func term(
    _ logits: UnsafeBufferPointer<Double>, target: UnsafeBufferPointer<Double>,
    slopes: UnsafeMutableBufferPointer<Double>
  ) -> Double
  /// How much a sample counts in the mean.
  func weight(of target: UnsafeBufferPointer<Double>) -> Double
}

extension ClassLoss {
  /// Every sample counts 1.
  public func weight(of target: UnsafeBufferPointer<Double>) -> Double { 1 }

  /// Σ terms / Σ weights, and its gradient.
  public func evaluate(
    _ prediction: UnsafeBufferPointer<Float>, target: UnsafeBufferPointer<Float>, shape: [Int],
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    let samples = ClassSamples(shape: shape)
    precondition(
      prediction.count == samples.classes * samples.count && prediction.count == target.count
        && prediction.count == gradient.count)
    let (x, t, slopes) = (VectorReader(prediction), VectorReader(target), VectorWriter(gradient))
    let sums = orderedSum(samples.count) { block in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * samples.classes) { scratch in
        let logits = UnsafeMutableBufferPointer(rebasing: scratch[..<samples.classes])
        let shares = UnsafeMutableBufferPointer(rebasing: scratch[samples.classes..<2 * samples.classes])
        let result = UnsafeMutableBufferPointer(rebasing: scratch[(2 * samples.classes)...])
        var sum = SIMD4<Double>.zero
        for sample in block {
          samples.read(x, sample, into: logits)
          samples.read(t, sample, into: shares)
          result.initialize(repeating: 0)
          sum[0] += term(UnsafeBufferPointer(logits), target: UnsafeBufferPointer(shares), slopes: result)
          sum[1] += weight(of: UnsafeBufferPointer(shares))
          samples.write(result, sample, to: slopes)
        }
        return sum
      }
    }
    guard sums[1] > 0 else { return 0 }
    let scale = Float(1 / sums[1])
    for i in gradient.indices { gradient[i] *= scale }
    return sums[0] / sums[1]
  }
}

/// Where the classes of each sample lie in a tensor N K or N K D H W.
struct ClassSamples: Sendable {
  let classes: Int
  let count: Int
  private let positions: Int

  init(shape: [Int]) {
    precondition(shape.count >= 2, "N K, or N K and spatial axes")
    classes = shape[1]
    positions = shape.dropFirst(2).reduce(1, *)
    count = shape[0] * positions
  }

  private func start(_ sample: Int) -> Int {
    let (n, position) = sample.quotientAndRemainder(dividingBy: positions)
    return n * classes * positions + position
  }

  func read(_ tensor: VectorReader, _ sample: Int, into row: UnsafeMutableBufferPointer<Double>) {
    let start = start(sample)
    for k in 0..<classes { row[k] = Double(tensor.base[start + k * positions]) }
  }

  func write(_ row: UnsafeMutableBufferPointer<Double>, _ sample: Int, to tensor: VectorWriter) {
    let start = start(sample)
    for k in 0..<classes { tensor.base[start + k * positions] = Float(row[k]) }
  }
}

/// ln Σ exp(xₖ), without overflow.
func logSumExp(_ x: some Collection<Double>) -> Double {
  guard let largest = x.max(), largest > -.infinity else { return -.infinity }
  return largest + log(x.reduce(0) { $0 + exp($1 - largest) })
}

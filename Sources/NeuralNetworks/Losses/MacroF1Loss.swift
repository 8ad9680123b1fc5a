import Foundation
import Numerics

/// `1 − macro F1` of a batch, made differentiable as AnyLoss does (Han et al., KDD 2024): each probability is amplified
/// towards 0 or 1 by `A(p) = 1 / (1 + exp(−L·(p − ½)))`, and the confusion counts are taken from the amplified values.
///
/// Shape N K or N K D H W, logits; probabilities are their softmax. A class without samples in the batch does not count.
/// Large batches are needed: F1 of a handful of samples is a coarse estimate.
public struct MacroF1Loss: Loss {
  /// Amplification L; 73 in the paper.
  public var amplification: Double

  /// The loss; by default with the paper's amplification.
  public init(amplification: Double = 73) { self.amplification = amplification }

  /// 1 − macro F1 and its gradient.
  public func evaluate(
    _ prediction: UnsafeBufferPointer<Float>, target: UnsafeBufferPointer<Float>, shape: [Int],
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    let samples = ClassSamples(shape: shape)
    let (x, t, slopes) = (VectorReader(prediction), VectorReader(target), VectorWriter(gradient))
    let classes = samples.classes
    var (hits, predicted, actual) = (zeros(classes), zeros(classes), zeros(classes))
    var (row, shares) = (zeros(classes), zeros(classes))
    for sample in 0..<samples.count {
      row.withUnsafeMutableBufferPointer { samples.read(x, sample, into: $0) }
      shares.withUnsafeMutableBufferPointer { samples.read(t, sample, into: $0) }
      let total = logSumExp(row)
      for k in 0..<classes {
        let amplified = amplify(exp(row[k] - total))
        hits[k] += shares[k] * amplified
        predicted[k] += amplified
        actual[k] += shares[k]
      }
    }
    // F1 = 2·Σta / (Σa + Σt): by class, its value and its derivatives with respect to Σta and Σa.
    let present = (0..<classes).filter { actual[$0] > 0 }
    guard !present.isEmpty else {
      gradient.update(repeating: 0)
      return 0
    }
    var (score, byHit, byPredicted) = (0.0, zeros(classes), zeros(classes))
    for k in present {
      let size = predicted[k] + actual[k]
      score += 2 * hits[k] / size / Double(present.count)
      byHit[k] = -2 / size / Double(present.count)
      byPredicted[k] = 2 * hits[k] / (size * size) / Double(present.count)
    }
    for sample in 0..<samples.count {
      row.withUnsafeMutableBufferPointer { samples.read(x, sample, into: $0) }
      shares.withUnsafeMutableBufferPointer { samples.read(t, sample, into: $0) }
      let total = logSumExp(row)
      let p = row.map { exp($0 - total) }
      let slope = (0..<classes).map { k in
        let amplified = amplify(p[k])
        return (byHit[k] * shares[k] + byPredicted[k]) * amplification * amplified * (1 - amplified)
      }
      let mean = zip(slope, p).reduce(0) { $0 + $1.0 * $1.1 }
      row = (0..<classes).map { p[$0] * (slope[$0] - mean) }
      row.withUnsafeMutableBufferPointer { samples.write($0, sample, to: slopes) }
    }
    return 1 - score
  }

  private func amplify(_ p: Double) -> Double { 1 / (1 + exp(-amplification * (p - 0.5))) }

  private func zeros(_ count: Int) -> [Double] { [Double](repeating: 0, count: count) }
}

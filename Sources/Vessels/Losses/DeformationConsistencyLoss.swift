import Foundation
import ImageAnalysis
import NeuralNetworks
import Numerics

/// What a network must give back when its input is deformed: f(t(x)) = t(f(x)) (DS6, Chatterjee et al., 2022).
///
/// Compares the segmentation of the deformed image with the deformed segmentation, both as probabilities, and sends gradients
/// into both branches; needs no label. Departs from the paper's code, which warps raw logits and compares them by a focal
/// Tversky loss that is not 0 for equal soft maps and rewards over-segmentation: `.legacyDS6` is that.
public struct DeformationConsistencyLoss: Codable, Sendable, Equatable {
  /// How two probability maps are compared; all but the last are 0 exactly where they are equal.
  public enum Distance: String, Codable, Sendable, CaseIterable {
    /// Σ(p − q)² / (Σp² + Σq² + 1): the Dice loss with squared denominators.
    case squaredDice
    /// The mean of (p − q)².
    case meanSquare
    /// The paper's code: focal Tversky (α 0.7, γ 0.75, smooth 1) of σ(deformed branch) against the warped *logits*.
    case legacyDS6
  }

  /// How the two maps are compared.
  public var distance: Distance
  /// Whether the plain branch is taken as given, so that only the deformed branch learns.
  public var stopsGradient: Bool

  /// The loss with `distance`.
  public init(distance: Distance = .squaredDice, stopsGradient: Bool = false) {
    self.distance = distance
    self.stopsGradient = stopsGradient
  }

  /// Give `weight` times the value and add `weight` times the gradients to those of both branches.
  ///
  /// - Parameters:
  ///   - logits: f(x), shape N 1 D H W.
  ///   - deformed: f(t(x)), same shape.
  ///   - warps: t, one for each of the N samples.
  ///   - gradient: With respect to `logits`.
  ///   - deformedGradient: With respect to `deformed`.
  public func evaluate(
    logits: UnsafeBufferPointer<Float>, deformed: UnsafeBufferPointer<Float>, warps: [LinearWarp],
    weight: Double, addingTo gradient: UnsafeMutableBufferPointer<Float>,
    _ deformedGradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    let volume = logits.count / max(1, warps.count)
    precondition(
      logits.count == deformed.count && warps.allSatisfy { $0.shape.count == volume }
        && gradient.count == logits.count && deformedGradient.count == logits.count)
    let plain = distance == .legacyDS6 ? Array(logits) : probabilities(logits)
    let predicted = probabilities(deformed)
    let expected = warped(plain, warps)
    let sums = DeformationSums(predicted, expected)
    let result = value(sums, count: logits.count)
    // Every distance has slopes that are linear in p and q: a·p + b·q + c.
    let scale = Float(weight)
    for index in predicted.indices {
      let p = predicted[index]
      deformedGradient[index] += scale * result.byPredicted.at(p, expected[index]) * p * (1 - p)
    }
    if !stopsGradient {
      let slopes = predicted.indices.map { scale * result.byExpected.at(predicted[$0], expected[$0]) }
      addAdjoint(of: slopes, warps, plain: plain, to: gradient)
    }
    return weight * result.value
  }

  private func addAdjoint(
    of slopes: [Float], _ warps: [LinearWarp], plain: [Float],
    to gradient: UnsafeMutableBufferPointer<Float>
  ) {
    let volume = slopes.count / max(1, warps.count)
    var back = [Float](repeating: 0, count: slopes.count)
    slopes.withUnsafeBufferPointer { slopes in
      back.withUnsafeMutableBufferPointer { back in
        // Each sample's part is written by one thread only.
        nonisolated(unsafe) let (slopes, back) = (slopes.baseAddress!, back.baseAddress!)
        Parallel.forEach(0..<warps.count) { sample in
          warps[sample].applyAdjoint(slopes + sample * volume, addingTo: back + sample * volume)
        }
      }
    }
    for index in back.indices {
      let slope = distance == .legacyDS6 ? 1 : plain[index] * (1 - plain[index])
      gradient[index] += back[index] * slope
    }
  }

  private func warped(_ values: [Float], _ warps: [LinearWarp]) -> [Float] {
    let volume = values.count / max(1, warps.count)
    return [Float](unsafeUninitializedCapacity: values.count) { output, initialized in
      values.withUnsafeBufferPointer { values in
        // Each sample's part is written by one thread only.
        nonisolated(unsafe) let (values, output) = (values.baseAddress!, output.baseAddress!)
        Parallel.forEach(0..<warps.count) { sample in
          warps[sample].apply(values + sample * volume, into: output + sample * volume)
        }
      }
      initialized = values.count
    }
  }

  private func probabilities(_ logits: UnsafeBufferPointer<Float>) -> [Float] {
    logits.map { 1 / (1 + exp(-$0)) }
  }
}

/// A slope of the form a·p + b·q + c.
private struct LinearSlope {
  var p, q, constant: Double

  func at(_ predicted: Float, _ expected: Float) -> Float {
    Float(p) * predicted + Float(q) * expected + Float(constant)
  }
}

/// The sums behind every distance, in double and in one order.
private struct DeformationSums {
  var squaredDifference = 0.0
  var squares = 0.0
  var product = 0.0
  var predicted = 0.0
  var expected = 0.0

  init(_ p: [Float], _ q: [Float]) {
    for index in p.indices {
      let (a, b) = (Double(p[index]), Double(q[index]))
      squaredDifference += (a - b) * (a - b)
      squares += a * a + b * b
      product += a * b
      predicted += a
      expected += b
    }
  }
}

extension DeformationConsistencyLoss {
  /// The value and its slopes by prediction p and expectation q.
  private func value(
    _ sums: DeformationSums, count: Int
  ) -> (value: Double, byPredicted: LinearSlope, byExpected: LinearSlope) {
    switch distance {
    case .meanSquare:
      let scale = 2 / Double(max(1, count))
      return (
        sums.squaredDifference / Double(max(1, count)), LinearSlope(p: scale, q: -scale, constant: 0),
        LinearSlope(p: -scale, q: scale, constant: 0)
      )
    case .squaredDice:
      // L = S / (Q + 1): ∂L/∂p = 2(p − q)/(Q + 1) − 2pS/(Q + 1)².
      let denominator = sums.squares + 1
      let value = sums.squaredDifference / denominator
      let (direct, shrink) = (2 / denominator, 2 * value / denominator)
      return (
        value, LinearSlope(p: direct - shrink, q: -direct, constant: 0),
        LinearSlope(p: -direct, q: direct - shrink, constant: 0)
      )
    case .legacyDS6:
      let (alpha, gamma) = (0.7, 0.75)
      let numerator = sums.product + 1
      let denominator = alpha * sums.expected + (1 - alpha) * sums.predicted + 1
      let index = numerator / denominator
      let miss = 1 - index
      // d|x|^γ, with the clamp of the focal Tversky loss.
      let outer = -gamma * pow(max(abs(miss), 1e-6), gamma - 1) * (miss < 0 ? -1 : 1)
      return (
        pow(abs(miss), gamma),
        LinearSlope(p: 0, q: outer / denominator, constant: -outer * index * (1 - alpha) / denominator),
        LinearSlope(p: outer / denominator, q: 0, constant: -outer * index * alpha / denominator)
      )
    }
  }
}

import Numerics

/// An exponential moving average of all weights and statistics (Polyak and Juditsky, 1992): `a ← d·a + (1 − d)·w`.
///
/// Early on the decay is smaller, `(1 + n) / (10 + n)` after n updates, so that the first random weights are soon forgotten.
public struct WeightAverage: Sendable, Equatable {
  /// Decay d in the long run, such as 0.999.
  public let decay: Double
  /// Updates made.
  public private(set) var updates: Int
  /// The average.
  public private(set) var weights: Weights

  /// The average begins as `weights`.
  public init(_ weights: Weights, decay: Double) {
    self.init(weights, decay: decay, updates: 0)
  }

  /// An average as it was saved.
  public init(_ weights: Weights, decay: Double, updates: Int) {
    self.decay = decay
    self.updates = updates
    self.weights = weights
  }

  /// Take in the weights after one more step.
  public mutating func update(with current: Weights) {
    precondition(current.values.count == weights.values.count, "weights of the same network")
    updates += 1
    let share = Float(1 - min(decay, Double(1 + updates) / Double(10 + updates)))
    weights.values.withUnsafeMutableBufferPointer { average in
      current.values.withUnsafeBufferPointer { new in
        guard !new.isEmpty else { return }
        let (a, w) = (VectorWriter(average), VectorReader(new))
        forEachBlock(w.count) { block in
          let before = VectorReader(UnsafeBufferPointer(start: a.base, count: a.count))
          for i in stride(from: block.lowerBound, to: block.upperBound, by: 16) {
            let old = before.vector(at: i)
            a.store(old + (w.vector(at: i) - old) * share, at: i)
          }
        }
      }
    }
  }
}

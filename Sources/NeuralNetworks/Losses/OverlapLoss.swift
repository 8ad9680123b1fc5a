import Numerics

/// The three sums behind every overlap loss, over all entries of the batch together.
public struct OverlapSums: Hashable, Sendable {
  /// Σ p·t, the soft true positives.
  public var truePositives: Double
  /// Σ p.
  public var predicted: Double
  /// Σ t.
  public var actual: Double

  /// The sums given.
  public init(truePositives: Double, predicted: Double, actual: Double) {
    self.truePositives = truePositives
    self.predicted = predicted
    self.actual = actual
  }
}

/// A loss that depends on prediction and target through Σpt, Σp and Σt only (Dice, Tversky, recall).
///
/// Its gradient is then affine in the target, `∂L/∂pᵢ = a·tᵢ + b`: one pass for the sums and one for the gradient.
///
/// A coarse output that is up-sampled by nearest neighbours before it is compared with a full-resolution label has the
/// same sums as the coarse output compared with the mean of the label over each coarse voxel, each counted as
/// `voxelsPerEntry` voxels. Deep supervision therefore needs no up-sampling.
public protocol OverlapLoss: Loss {
  /// What the network's output stands for.
  var prediction: Prediction { get }
  /// How many voxels of the label each entry stands for; 1 at full resolution.
  var voxelsPerEntry: Double { get }
  /// The value at `sums`, with its derivatives with respect to Σpt and Σp.
  func value(at sums: OverlapSums) -> (value: Double, byTruePositives: Double, byPredicted: Double)
}

extension OverlapLoss {
  /// The value; `gradient` is with respect to probabilities or logits as ``prediction`` says.
  public func evaluate(
    _ prediction: UnsafeBufferPointer<Float>, target: UnsafeBufferPointer<Float>, shape: [Int],
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    precondition(prediction.count == target.count && prediction.count == gradient.count)
    let (x, t, slopes) = (VectorReader(prediction), VectorReader(target), VectorWriter(gradient))
    let logits = self.prediction == .logits
    let sums =
      voxelsPerEntry
      * orderedSum(x.count) { block in
        var (both, predicted, actual) = (Vector.zero, Vector.zero, Vector.zero)
        for i in stride(from: block.lowerBound, to: block.upperBound, by: 16) {
          // σ(−100) is 0 in single precision: the entries beyond the end add nothing.
          let p = logits ? sigmoid(x.vector(at: i, padding: -100)) : x.vector(at: i)
          let label = t.vector(at: i)
          both.addProduct(p, label)
          predicted += p
          actual += label
        }
        return [Double(both.sum()), Double(predicted.sum()), Double(actual.sum()), 0]
      }
    let result = value(at: OverlapSums(truePositives: sums[0], predicted: sums[1], actual: sums[2]))
    let a = Vector(repeating: Float(voxelsPerEntry * result.byTruePositives))
    let b = Vector(repeating: Float(voxelsPerEntry * result.byPredicted))
    forEachBlock(x.count) { block in
      for i in stride(from: block.lowerBound, to: block.upperBound, by: 16) {
        var slope = b.addingProduct(a, t.vector(at: i))
        if logits {
          let p = sigmoid(x.vector(at: i))
          slope *= p * (1 - p)
        }
        slopes.store(slope, at: i)
      }
    }
    return result.value
  }
}

import NeuralNetworks
import Numerics

/// The maximum-intensity-projection loss of SPOCKMIP (Radhakrishna et al., 2024): the focal Tversky loss between the
/// projection of the prediction and that of the label, along one axis or several.
///
/// A break in a vessel that other voxels of the patch hide costs nothing in a voxel-wise sum but shows in a projection. The
/// gradient flows to the voxel that holds the maximum of its ray only; of equal ones the first.
/// - The target is the projection of the label *patch*, so a perfect prediction has loss 0. The published one projects the
///   whole volume, vessels in front of and behind the patch included: hand such projections to `evaluate`.
/// - Several axes are averaged; the paper's code sums them.
public struct MIPLoss: Sendable {
  /// A projection axis of a tensor N C D H W.
  public enum Axis: Int, Codable, Sendable, CaseIterable {
    /// Along D, the slices.
    case z = 2
    /// Along H.
    case y = 3
    /// Along W.
    case x = 4
  }

  /// The axes to project along.
  public var axes: [Axis]
  /// Weight α of missed pixels, exponent γ and smoothing of the focal Tversky loss of each projection.
  public var alpha, gamma, smooth: Double
  /// Whether the axes are summed, as in the paper's code, instead of averaged.
  public var sumsAxes: Bool

  /// The loss along `axes`, with the published constants.
  public init(
    axes: [Axis] = [.z], alpha: Double = 0.7, gamma: Double = 0.75, smooth: Double = 1, sumsAxes: Bool = false
  ) {
    self.axes = axes
    self.alpha = alpha
    self.gamma = gamma
    self.smooth = smooth
    self.sumsAxes = sumsAxes
  }

  /// The projections of labels of shape N 1 D H W, one for each axis: the patch-local targets.
  public func targets(labels: [Float], shape: [Int]) -> [[Float]] {
    axes.map { axis in
      labels.withUnsafeBufferPointer { Projection(shape: shape, axis: axis).maxima(of: $0).values }
    }
  }

  /// Add `weight` times the gradient to `gradient`, and give `weight` times the value.
  ///
  /// - Parameters:
  ///   - logits: The network's output, shape N 1 D H W.
  ///   - targets: For each axis the full-resolution projections of the labels, N by two extents, as `targets` makes them.
  ///   - shape: The shape of `logits`; it may be coarser than the targets by one power of two on all axes.
  public func evaluate(
    logits: UnsafeBufferPointer<Float>, targets: [[Float]], shape: [Int], weight: Double,
    addingTo gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    precondition(shape.count == 5 && shape[1] == 1 && targets.count == axes.count)
    let samples = shape[0]
    let share = weight / Double(samples) / (sumsAxes ? 1 : Double(axes.count))
    var total = 0.0
    for (axis, target) in zip(axes, targets) {
      let projection = Projection(shape: shape, axis: axis)
      let maxima = projection.maxima(of: logits)
      let (pooled, pixels) = projection.pooled(target)
      let loss = FocalTverskyLoss(
        alpha: alpha, gamma: gamma, smooth: smooth, on: .logits, voxelsPerEntry: pixels)
      let size = projection.pixels
      var slopes = [Float](repeating: 0, count: size)
      for sample in 0..<samples {
        let range = sample * size..<(sample + 1) * size
        let value = maxima.values.withUnsafeBufferPointer { values in
          pooled.withUnsafeBufferPointer { pooled in
            slopes.withUnsafeMutableBufferPointer { slopes in
              loss.evaluate(
                UnsafeBufferPointer(rebasing: values[range]),
                target: UnsafeBufferPointer(rebasing: pooled[range]), shape: projection.imageShape,
                gradient: slopes)
            }
          }
        }
        total += share * value
        for pixel in 0..<size {
          gradient[Int(maxima.positions[range.lowerBound + pixel])] += Float(share) * slopes[pixel]
        }
      }
    }
    return total
  }
}

import Numerics

/// The soft centreline Dice loss, `1 − 2·Tₚ·Tₛ / (Tₚ + Tₛ)` (Shit et al., CVPR 2021), for one class.
///
/// `Tₚ = (Σ S_p·t + s) / (Σ S_p + s)` is the share of the prediction's soft skeleton inside the label, `Tₛ` the share of the
/// label's inside the prediction; sums over all entries of the batch. Shape N 1 D H W or N 1 H W.
/// - `iterations` should reach the largest vessel radius in voxels; the official class uses 10 whatever it is given,
///   MONAI 3 by default.
/// - Used as `(1 − α)·Dice + α·clDice` with α = 0.5 in the paper: alone it does not fix the vessels' width.
public struct ClDiceLoss: Loss {
  /// Erosions of the soft skeleton.
  public var iterations: Int
  /// Smoothing s.
  public var smooth: Double
  /// What the network's output stands for.
  public var prediction: Prediction

  /// The soft clDice loss.
  public init(iterations: Int = 3, smooth: Double = 1, on prediction: Prediction = .probabilities) {
    self.iterations = iterations
    self.smooth = smooth
    self.prediction = prediction
  }

  /// The loss and its gradient with respect to probabilities or logits as ``prediction`` says.
  public func evaluate(
    _ prediction: UnsafeBufferPointer<Float>, target: UnsafeBufferPointer<Float>, shape: [Int],
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    precondition(prediction.count == target.count && prediction.count == gradient.count)
    let count = prediction.count
    let scratch = UnsafeMutableBufferPointer<Float>.allocate(capacity: 3 * count)
    defer { scratch.deallocate() }
    let probabilities = UnsafeMutableBufferPointer(rebasing: scratch[..<count])
    activate(prediction, into: probabilities)
    let (p, t) = (VectorReader(UnsafeBufferPointer(probabilities)), VectorReader(target))

    // The skeletons of prediction and label, the former with what its reverse pass needs.
    let (skeletons, labelSkeletons) = (skeletons(p, shape), skeletons(t, shape))
    let centrelines = [skeletons, labelSkeletons].enumerated().map { index, volumes in
      let place = UnsafeMutableBufferPointer(rebasing: scratch[(index + 1) * count..<(index + 2) * count])
      let writer = VectorWriter(place)
      for (n, volume) in volumes.enumerated() {
        volume.skeleton.unload(writer.base + n * count / volumes.count)
      }
      return VectorReader(UnsafeBufferPointer(place))
    }
    let (sp, st) = (centrelines[0], centrelines[1])

    let sums = orderedSum(count) { block in
      var (inLabel, predicted, found, actual) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
      for i in stride(from: block.lowerBound, to: block.upperBound, by: 16) {
        inLabel.addProduct(sp.vector(at: i), t.vector(at: i))
        predicted += sp.vector(at: i)
        found.addProduct(st.vector(at: i), p.vector(at: i))
        actual += st.vector(at: i)
      }
      return [Double(inLabel.sum()), Double(predicted.sum()), Double(found.sum()), Double(actual.sum())]
    }
    let precision = (sums[0] + smooth) / (sums[1] + smooth)
    let sensitivity = (sums[2] + smooth) / (sums[3] + smooth)
    let total = precision + sensitivity

    // Through Tₚ: ∂Tₚ/∂S_p = (t − Tₚ) / (Σ S_p + s), then back through the skeleton.
    let slopes = VectorWriter(gradient)
    let byPrecision = Float(-2 * sensitivity * sensitivity / (total * total) / (sums[1] + smooth))
    forEachBlock(count) { block in
      for i in stride(from: block.lowerBound, to: block.upperBound, by: 16) {
        slopes.store((t.vector(at: i) - Float(precision)) * byPrecision, at: i)
      }
    }
    for (n, skeleton) in skeletons.enumerated() {
      skeleton.backward(slopes.base + n * count / skeletons.count)
    }
    // Through Tₛ: ∂Tₛ/∂p = S_t / (Σ S_t + s).
    let bySensitivity = Float(-2 * precision * precision / (total * total) / (sums[3] + smooth))
    let (through, logits) = (VectorReader(UnsafeBufferPointer(gradient)), self.prediction == .logits)
    forEachBlock(count) { block in
      for i in stride(from: block.lowerBound, to: block.upperBound, by: 16) {
        var slope = through.vector(at: i) + bySensitivity * st.vector(at: i)
        if logits { slope *= p.vector(at: i) * (1 - p.vector(at: i)) }
        slopes.store(slope, at: i)
      }
    }
    return 1 - 2 * precision * sensitivity / total
  }

  private func skeletons(_ tensor: VectorReader, _ shape: [Int]) -> [SoftSkeleton] {
    let size = Array(shape.dropFirst(2))
    precondition(
      shape[1] == 1 && (size.count == 2 || size.count == 3), "one channel and two or three spatial axes")
    let volume = PaddedShape(
      depth: size.count == 3 ? size[0] : 1, height: size[size.count - 2], width: size[size.count - 1])
    let voxels = size.reduce(1, *)
    return (0..<shape[0]).map { SoftSkeleton(of: tensor.base + $0 * voxels, volume, iterations) }
  }

  private func activate(_ x: UnsafeBufferPointer<Float>, into y: UnsafeMutableBufferPointer<Float>) {
    let (source, result, logits) = (VectorReader(x), VectorWriter(y), prediction == .logits)
    forEachBlock(x.count) { block in
      for i in stride(from: block.lowerBound, to: block.upperBound, by: 16) {
        result.store(logits ? sigmoid(source.vector(at: i)) : source.vector(at: i), at: i)
      }
    }
  }
}

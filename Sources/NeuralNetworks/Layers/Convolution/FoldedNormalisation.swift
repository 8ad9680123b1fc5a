/// A batch normalisation with fixed statistics, as a factor and a shift of the convolution before it.
struct FoldedNormalisation {
  let weight: Range<Int>
  let bias: Range<Int>
  let mean: Range<Int>
  let variance: Range<Int>
  let epsilon: Float

  /// y = γ (k∗x + b − μ) / √(σ² + ε) + β, written into `kernel` and `bias`.
  func fold(
    _ weights: UnsafePointer<Float>, kernel: inout [Float], bias shift: inout [Float], inputs: Int,
    outputsFirst: Bool,
    geometry: Convolution
  ) {
    let outputs = shift.count
    for c in 0..<outputs {
      let factor = Float(
        Double(weights[weight.lowerBound + c])
          / (Double(weights[variance.lowerBound + c]) + Double(epsilon)).squareRoot())
      shift[c] = weights[bias.lowerBound + c] + (shift[c] - weights[mean.lowerBound + c]) * factor
      if outputsFirst {
        let size = kernel.count / outputs
        for i in c * size..<(c + 1) * size { kernel[i] *= factor }
      } else {
        // in × out/groups × window: the channel's filters lie in its group's inputs.
        let perGroup = outputs / geometry.groups
        let group = c / perGroup
        let inputsPerGroup = inputs / geometry.groups
        let size = kernel.count / (inputs * perGroup)
        for input in group * inputsPerGroup..<(group + 1) * inputsPerGroup {
          let start = (input * perGroup + c % perGroup) * size
          for i in start..<start + size { kernel[i] *= factor }
        }
      }
    }
  }
}

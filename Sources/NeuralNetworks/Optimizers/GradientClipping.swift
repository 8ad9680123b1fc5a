/// Limits on the size of a gradient.
public enum GradientClipping {
  /// The Euclidean norm over all parameters, summed in double; infinite or not a number where a gradient is.
  public static func norm(_ gradient: [Float]) -> Double {
    guard !gradient.isEmpty else { return 0 }
    return gradient.withUnsafeBufferPointer { buffer in
      let g = VectorReader(buffer)
      let sum = orderedSum(g.count) { block in
        var squares = Vector.zero
        for i in stride(from: block.lowerBound, to: block.upperBound, by: 16) {
          squares.addProduct(g.vector(at: i), g.vector(at: i))
        }
        return [Double(squares.sum()), 0, 0, 0]
      }
      return sum[0].squareRoot()
    }
  }

  /// The factor that brings a gradient of this norm to at most `limit`, as PyTorch's `clip_grad_norm_` has it.
  public static func scale(norm: Double, limit: Double) -> Double { min(1, limit / (norm + 1e-6)) }
}

import COpenBLAS

extension LinearAlgebra {
  /// x · wᵀ + b for every row x of `input`, as a dense layer takes it (`sgemm`), on OpenBLAS's threads.
  ///
  /// Meant for a product that is needed once, where choosing kernels and reordering weights would take longer.
  ///
  /// - Parameters:
  ///   - input: Rows one after the other, each as long as a row of `weights`.
  ///   - weights: A row for each output, row-major.
  ///   - bias: One number for each output.
  /// - Returns: Rows one after the other, one number for each output.
  public static func denseLayer(
    _ input: UnsafeBufferPointer<Float>, weights: UnsafeBufferPointer<Float>,
    bias: UnsafeBufferPointer<Float>
  ) -> [Float] {
    let outputs = bias.count
    let inputs = outputs > 0 ? weights.count / outputs : 0
    let rows = inputs > 0 ? input.count / inputs : 0
    precondition(
      rows * inputs == input.count && outputs * inputs == weights.count,
      "\(input.count) numbers for \(weights.count) weights of \(outputs) outputs")
    return [Float](unsafeUninitializedCapacity: rows * outputs) { target, count in
      count = rows * outputs
      guard count > 0 else { return }
      for row in 0..<rows {
        for output in 0..<outputs { target[row * outputs + output] = bias[output] }
      }
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(outputs), Int32(inputs), 1,
        input.baseAddress, Int32(inputs), weights.baseAddress, Int32(inputs), 1, target.baseAddress,
        Int32(outputs))
    }
  }
}

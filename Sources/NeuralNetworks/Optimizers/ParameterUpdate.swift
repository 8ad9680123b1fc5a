import Numerics

/// A run of at most 16384 neighbouring parameters that are treated alike.
struct ParameterSlice: Sendable {
  let range: Range<Int>
  /// Whether weight decay acts on them.
  let decays: Bool

  /// The trainable parameters of `table` whose ranges pass `included`, neighbours joined and long runs cut.
  static func slices(of table: ParameterTable, where included: (Range<Int>) -> Bool) -> [ParameterSlice] {
    var runs: [ParameterSlice] = []
    for (parameter, range) in zip(table.parameters, table.ranges)
    where parameter.role == .trainable && !range.isEmpty && included(range) {
      let decays = parameter.shape.count >= 2
      if let last = runs.last, last.decays == decays, last.range.upperBound == range.lowerBound {
        runs[runs.count - 1] = ParameterSlice(
          range: last.range.lowerBound..<range.upperBound, decays: decays)
      } else {
        runs.append(ParameterSlice(range: range, decays: decays))
      }
    }
    return runs.flatMap { run in
      stride(from: run.range.lowerBound, to: run.range.upperBound, by: 16384).map {
        ParameterSlice(range: $0..<min($0 + 16384, run.range.upperBound), decays: run.decays)
      }
    }
  }
}

/// The arrays of one step of an optimiser.
struct ParameterUpdate: @unchecked Sendable {  // Safe: threads work on slices that do not overlap.
  let values: UnsafeMutableBufferPointer<Float>
  let gradient: UnsafeBufferPointer<Float>
  let first: UnsafeMutableBufferPointer<Float>
  let second: UnsafeMutableBufferPointer<Float>
  /// 1 in the first step.
  let step: Int
  let learningRate: Double
  let gradientScale: Float

  /// Change sixteen parameters at a time: value, scaled gradient and both moments go in and out of `rule`.
  ///
  /// The last argument of `rule` tells whether weight decay acts. Where there is no second moment it is zero.
  @inline(__always)
  func forEachVector(
    of slices: [ParameterSlice],
    _ rule: @Sendable (inout Vector, Vector, inout Vector, inout Vector, Bool) -> Void
  ) {
    let pair = !second.isEmpty
    Team.current.forEachSlab(of: slices.count) { _, indices in
      for slice in slices[indices] {
        let end = slice.range.upperBound
        for i in stride(from: slice.range.lowerBound, to: end, by: 16) {
          var value = load(UnsafeBufferPointer(values), i, end)
          var m = load(UnsafeBufferPointer(first), i, end)
          var v = pair ? load(UnsafeBufferPointer(second), i, end) : .zero
          rule(&value, load(gradient, i, end) * gradientScale, &m, &v, slice.decays)
          store(value, values, i, end)
          store(m, first, i, end)
          if pair { store(v, second, i, end) }
        }
      }
    }
  }

  @inline(__always)
  private func load(_ buffer: UnsafeBufferPointer<Float>, _ i: Int, _ end: Int) -> Vector {
    guard let base = buffer.baseAddress else { return .zero }
    if i + 16 <= end { return UnsafeRawPointer(base + i).loadUnaligned(as: Vector.self) }
    var result = Vector.zero
    for lane in 0..<end - i { result[lane] = base[i + lane] }
    return result
  }

  @inline(__always)
  private func store(_ vector: Vector, _ buffer: UnsafeMutableBufferPointer<Float>, _ i: Int, _ end: Int) {
    guard let base = buffer.baseAddress else { return }
    if i + 16 <= end {
      UnsafeMutableRawPointer(base + i).storeBytes(of: vector, as: Vector.self)
    } else {
      for lane in 0..<end - i { base[i + lane] = vector[lane] }
    }
  }
}

/// The limited-memory BFGS method (Nocedal, 1980) with a backtracking line search that accepts on sufficient decrease.
public struct LimitedMemoryBFGS: Sendable {
  /// Number of correction pairs kept.
  public var memory: Int
  /// Iterations at most.
  public var iterations: Int

  /// A minimiser.
  public init(memory: Int = 5, iterations: Int = 200) {
    self.memory = memory
    self.iterations = iterations
  }

  /// Minimise from `start`. `evaluate` returns the value and writes the gradient; `progress` sees each iterate's value and
  /// may end the search by returning false.
  public func minimize(
    _ start: [Float], evaluate: ([Float], inout [Float]) throws -> Double,
    progress: (Int, Double) throws -> Bool
  ) rethrows -> [Float] {
    var x = start
    var gradient = Array(repeating: Float(0), count: x.count)
    var value = try evaluate(x, &gradient)
    var pairs: [(s: [Float], y: [Float], rho: Double)] = []
    for iteration in 0..<iterations {
      guard try progress(iteration, value) else { return x }
      var direction = twoLoop(gradient, pairs)
      var slope = LimitedMemoryBFGS.dot(direction, gradient)
      if slope >= 0 {
        pairs.removeAll()
        direction = gradient.map { -$0 }
        slope = LimitedMemoryBFGS.dot(direction, gradient)
      }
      guard slope < 0 else { return x }
      var step = 1.0
      if pairs.isEmpty { step = min(1, 1e-2 / max((-slope).squareRoot(), 1e-30)) }
      var trialGradient = gradient
      var accepted = false
      for _ in 0..<20 {
        var trial = x
        let factor = Float(step)
        for i in trial.indices { trial[i] += factor * direction[i] }
        let trialValue = try evaluate(trial, &trialGradient)
        if trialValue.isFinite, trialValue <= value + 1e-4 * step * slope {
          remember(&pairs, x, trial, gradient, trialGradient)
          (x, gradient, value, accepted) = (trial, trialGradient, trialValue, true)
          break
        }
        step *= 0.4
      }
      if !accepted {
        if pairs.isEmpty { return x }
        pairs.removeAll()
      }
    }
    _ = try progress(iterations, value)
    return x
  }

  private func remember(
    _ pairs: inout [(s: [Float], y: [Float], rho: Double)], _ x: [Float], _ next: [Float], _ g: [Float],
    _ nextGradient: [Float]
  ) {
    var (s, y) = (next, nextGradient)
    for i in s.indices {
      s[i] -= x[i]
      y[i] -= g[i]
    }
    let curvature = LimitedMemoryBFGS.dot(s, y)
    guard curvature > 1e-12 * LimitedMemoryBFGS.dot(y, y) * 1e-6, curvature > 0 else { return }
    if pairs.count == memory { pairs.removeFirst() }
    pairs.append((s, y, 1 / curvature))
  }

  private func twoLoop(_ gradient: [Float], _ pairs: [(s: [Float], y: [Float], rho: Double)]) -> [Float] {
    var q = gradient
    var alphas: [Double] = []
    for pair in pairs.reversed() {
      let alpha = pair.rho * LimitedMemoryBFGS.dot(pair.s, q)
      alphas.append(alpha)
      let factor = Float(alpha)
      for i in q.indices { q[i] -= factor * pair.y[i] }
    }
    if let last = pairs.last {
      let scale = Float(1 / (last.rho * LimitedMemoryBFGS.dot(last.y, last.y)))
      for i in q.indices { q[i] *= scale }
    }
    for (pair, alpha) in zip(pairs, alphas.reversed()) {
      let beta = pair.rho * LimitedMemoryBFGS.dot(pair.y, q)
      let factor = Float(alpha - beta)
      for i in q.indices { q[i] += factor * pair.s[i] }
    }
    for i in q.indices { q[i] = -q[i] }
    return q
  }

  private static func dot(_ a: [Float], _ b: [Float]) -> Double {
    let parts = Parallel.mapSlabs(of: 0..<(a.count + 65535) / 65536, count: (a.count + 65535) / 65536) {
      slab in
      var total = 0.0
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          for block in slab {
            var sum: Float = 0
            var wide = SIMD16<Float>.zero
            let end = min((block + 1) * 65536, a.count)
            var i = block * 65536
            while i + 16 <= end {
              for lane in 0..<16 { wide[lane] += a[i + lane] * b[i + lane] }
              i += 16
            }
            while i < end {
              sum += a[i] * b[i]
              i += 1
            }
            total += Double(wide.sum()) + Double(sum)
          }
        }
      }
      return total
    }
    return parts.reduce(0, +)
  }
}

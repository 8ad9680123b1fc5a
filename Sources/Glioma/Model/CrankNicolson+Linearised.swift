import Imaging
import Numerics

/// Tangent and adjoint of the integration, linearised around a density `u`.
extension CrankNicolson {
  static let linearTolerance = 1e-5

  /// Carry a perturbation forward: δu_0 = `initial`, A_k δu_k = B_{k−1} δu_{k−1} + scale·source(k); δu of the last slice goes
  /// to `result`. Missing sources are zero.
  package func tangent(
    around u: SpaceTimeField, initial: UnsafePointer<Float>?,
    source: (Int) -> UnsafePointer<Float>?, sourceScale: Float = 1, result: UnsafeMutablePointer<Float>
  ) {
    let last = problem.grid.slices - 1
    var (previous, current) = (scratch[5], scratch[6])
    if let initial { previous.update(from: initial, count: scratch.pitch) } else { clear(previous) }
    let count = sweeps(tolerance: CrankNicolson.linearTolerance)
    for k in 1...last {
      linearStep(
        stencil, from: UnsafePointer(previous), at: u[k - 1], source: source(k), scale: sourceScale,
        implicitAt: u[k], to: k == last ? result : current, sweeps: count)
      swap(&previous, &current)
    }
  }

  /// Carry a sensitivity of the last slice backward: m_k = A_k^{−T} a_k with a_{k−1} = B_{k−1}ᵀ m_k, starting from a_last =
  /// `final`. Slice k ≥ 1 of `result` holds m_k, slice 0 holds a_0.
  package func adjoint(around u: SpaceTimeField, final: UnsafePointer<Float>, result: SpaceTimeField) {
    let last = problem.grid.slices - 1
    let count = sweeps(tolerance: CrankNicolson.linearTolerance)
    linearStep(
      transposed, from: nil, at: u[last], source: final, implicitAt: u[last], to: result[last],
      sweeps: count)
    for k in stride(from: last - 1, through: 1, by: -1) {
      linearStep(
        transposed, from: UnsafePointer(result[k + 1]), at: u[k], source: nil, implicitAt: u[k],
        to: result[k], sweeps: count)
    }
    linearStep(
      transposed, from: UnsafePointer(result[1]), at: u[0], source: nil, implicitAt: nil, to: result[0],
      sweeps: 0)
  }

  private func clear(_ slice: UnsafeMutablePointer<Float>) {
    slice.update(repeating: 0, count: scratch.pitch)
  }

  /// Solve A(implicit)·y = B(explicit)·x + source for y; without `implicitAt`, y is the right-hand side itself.
  private func linearStep(
    _ stencil: Stencil, from x: UnsafePointer<Float>?, at explicit: UnsafeMutablePointer<Float>,
    source: UnsafePointer<Float>?, scale: Float = 1, implicitAt implicit: UnsafeMutablePointer<Float>?,
    to y: UnsafeMutablePointer<Float>, sweeps: Int
  ) {
    let (rhs, inverse, update, other, image) = (scratch[0], scratch[1], scratch[2], scratch[3], scratch[4])
    // The part of A's diagonal that is not diffusion, 1/Δt − ½ρφ'.
    let center = scratch[7]
    let rate = Float(1 / problem.grid.timeStep)
    let growth = Float(parameters.proliferationRate)
    let (even, odd) = sweeps % 2 == 0 ? (other, y) : (y, other)
    let (mask, diagonal) = (problem.reactive[0], self.stencil.diagonal)
    do {
      nonisolated(unsafe) let (x, explicit, source, implicit, y) = (x, explicit, source, implicit, y)
      nonisolated(unsafe) let (rhs, inverse, update, image, even, center) = (
        rhs, inverse, update, image, even, center
      )
      nonisolated(unsafe) let (mask, diagonal) = (mask, diagonal)
      overCells { cells in
        if let x { stencil.apply(x, image, cells) }
        var p = cells.lowerBound
        while p < cells.upperBound {
          let m = load16(mask + p)
          var b = SIMD16<Float>.zero
          if let x {
            let v = load16(x + p)
            let slope = growth * m * reactionSlope(load16(explicit + p))
            b = rate * v + 0.5 * (load16(image + p) + slope * v)
          }
          if let source { b += scale * load16(source + p) }
          if let implicit {
            let slope = growth * m * reactionSlope(load16(implicit + p))
            let c = rate - 0.5 * slope
            let i = 1 / (c - 0.5 * load16(diagonal + p))
            store16(c, center + p)
            store16(b, rhs + p)
            store16(i, inverse + p)
            store16(b * i, update + p)
            store16(b * i, even + p)
          } else {
            store16(b, y + p)
          }
          p += 16
        }
      }
    }
    guard implicit != nil else { return }
    var acceleration = acceleration
    for sweep in 1..<max(sweeps, 1) {
      nonisolated(unsafe) let (now, next) = sweep % 2 == 1 ? (even, odd) : (odd, even)
      let (alpha, beta) = acceleration.next()
      nonisolated(unsafe) let (rhs, inverse, update, image, center) = (rhs, inverse, update, image, center)
      overCells { cells in
        stencil.apply(now, image, cells)
        var p = cells.lowerBound
        while p < cells.upperBound {
          let v = load16(now + p)
          let z = load16(rhs + p) - load16(center + p) * v + 0.5 * load16(image + p)
          let d = alpha * load16(update + p) + beta * (z * load16(inverse + p))
          store16(d, update + p)
          store16(flushed(v + d), next + p)
          p += 16
        }
      }
    }
  }
}

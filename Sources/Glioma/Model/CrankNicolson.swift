import Foundation
import Imaging
import Numerics

/// Crank–Nicolson integration of the Fisher–Kolmogorov equation, and its tangent and adjoint sweeps.
///
/// One step solves A_k u_k = B_{k−1} u_{k−1} + forcing with A = I/Δt − ½L − ½ρφ and B = I/Δt + ½L + ½ρφ. The systems are
/// well conditioned (1 + ½Δt·Σ|offdiagonal|), so a fixed number of Chebyshev sweeps with the diagonal as
/// preconditioner solves them; the same polynomial of the transposed stencil is the exact transpose of the sweep.
package final class CrankNicolson: @unchecked Sendable {
  // Unchecked: an instance is used by one caller at a time; the kernels write disjoint cells.

  let problem: GrowthProblem
  let isParallel: Bool
  private(set) var parameters: GrowthParameters
  private(set) var stencil: Stencil
  private(set) var transposed: Stencil
  let scratch: SpaceTimeField
  /// The bound q of the off-diagonal part of the preconditioned matrix: its spectrum lies in [1 − q, 1 + q].
  private(set) var contraction = 0.0

  /// An integrator of `problem`; `isParallel` spreads each sweep over the cores (large slices), otherwise it stays on
  /// the caller's thread (many integrators side by side).
  package init(_ problem: GrowthProblem, parameters: GrowthParameters, isParallel: Bool) {
    self.problem = problem
    self.isParallel = isParallel
    self.parameters = parameters
    stencil = problem.diffusion.combined(
      diffusivity: parameters.diffusivity, ratio: parameters.diffusivityRatio)
    transposed = stencil.transposed()
    scratch = SpaceTimeField(slices: 8, shape: problem.grid.shape)
    updateContraction()
  }

  /// Use other parameters from now on.
  package func use(_ new: GrowthParameters) {
    if new.diffusivity != parameters.diffusivity || new.diffusivityRatio != parameters.diffusivityRatio {
      stencil.combine(
        Float(new.diffusivity), problem.diffusion.white,
        Float(new.diffusivity / new.diffusivityRatio), problem.diffusion.gray)
      transposed = stencil.transposed()
    }
    parameters = new
    updateContraction()
  }

  private func updateContraction() {
    let rate = 1 / problem.grid.timeStep
    var largest: Float = 0
    for cell in 0..<problem.grid.shape.count { largest = max(largest, -stencil.diagonal[cell]) }
    let half = Double(largest) / 2
    // The reaction's share of the diagonal is at most ρ/2; beyond ρΔt = 2 the scheme has no solution.
    contraction = min(half / max(rate + half - parameters.proliferationRate / 2, 0.05 * rate), 0.995)
  }

  /// The number of sweeps that reduce an error to `tolerance` of itself.
  func sweeps(tolerance: Double) -> Int {
    guard contraction > 1e-7 else { return 1 }
    let rate =
      stencil.isSymmetric ? contraction / (1 + (1 - contraction * contraction).squareRoot()) : contraction
    return min(1 + Int((log(tolerance) / log(rate)).rounded(.up)), 400)
  }

  /// The step weights of sweep n > 0: d ← α·d + β·z with z the preconditioned residual.
  struct Acceleration {
    private let q: Double
    private let isChebyshev: Bool
    private var previous: Double

    init(contraction: Double, isChebyshev: Bool) {
      q = contraction
      self.isChebyshev = isChebyshev && contraction > 1e-7
      previous = contraction
    }

    mutating func next() -> (alpha: Float, beta: Float) {
      guard isChebyshev else { return (0, 1) }
      let current = 1 / (2 / q - previous)
      defer { previous = current }
      return (Float(current * previous), Float(2 * current / q))
    }
  }

  var acceleration: Acceleration {
    // The published scheme's matrix need not have a real spectrum: plain Jacobi sweeps stay inside its disc.
    Acceleration(contraction: contraction, isChebyshev: stencil.isSymmetric)
  }

  /// Run `body` on ranges of cells that cover a slice, with bounds that are multiples of 16.
  func overCells(_ body: @Sendable (Range<Int>) -> Void) {
    let pitch = scratch.pitch
    let block = cellsPerBlock
    let count = (pitch + block - 1) / block
    if isParallel {
      Parallel.forEachSlab(of: 0..<count) { slab in
        for index in slab { body(index * block..<min((index + 1) * block, pitch)) }
      }
    } else {
      for index in 0..<count { body(index * block..<min((index + 1) * block, pitch)) }
    }
  }

  // MARK: - Forward

  /// Fill `u` with the density that starts from the blob and obeys the equation.
  ///
  /// With `forcing` the first slice is the blob plus `forcing[0]`, and the residual of step k is `forcing[k]`.
  package func integrate(into u: SpaceTimeField, forcing: SpaceTimeField? = nil) {
    let blob = problem.initialDensity(parameters.foci)
    u.setSlice(0, to: blob)
    if let forcing {
      let (first, error) = (u[0], forcing[0])
      for cell in 0..<u.pitch { first[cell] += error[cell] }
    }
    let count = sweeps(tolerance: 1e-5) + 1
    for k in 1..<problem.grid.slices { step(k, u, forcing?[k], sweeps: count) }
  }

  // Scratch: 0 right-hand side, 1 inverse diagonal, 2 update, 3 the other iterate, 4 stencil result.
  private func step(_ k: Int, _ u: SpaceTimeField, _ forcing: UnsafeMutablePointer<Float>?, sweeps: Int) {
    let (rhs, inverse, update, other, image) = (scratch[0], scratch[1], scratch[2], scratch[3], scratch[4])
    let (before, earlier) = (u[k - 1], k > 1 ? u[k - 2] : u[k - 1])
    let rate = Float(1 / problem.grid.timeStep)
    let growth = Float(parameters.proliferationRate)
    // The iterates alternate between two buffers; start so that the last one is the slice itself.
    let (even, odd) = sweeps % 2 == 0 ? (u[k], other) : (other, u[k])
    let (mask, diagonal) = (problem.reactive[0], stencil.diagonal)
    do {
      nonisolated(unsafe) let (rhs, inverse, image, before, earlier, even, forcing, mask, diagonal) = (
        rhs, inverse, image, before, earlier, even, forcing, mask, diagonal
      )
      overCells { [stencil] cells in
        stencil.apply(before, image, cells)
        var p = cells.lowerBound
        while p < cells.upperBound {
          let (v, m) = (load16(before + p), load16(mask + p))
          var b = rate * v + 0.5 * (load16(image + p) + growth * m * reaction(v))
          if let forcing { b += load16(forcing + p) }
          store16(b, rhs + p)
          let guess = 2 * v - load16(earlier + p)
          store16(guess, even + p)
          let slope = reactionSlope(guess) * m
          store16(1 / (rate - 0.5 * (load16(diagonal + p) + growth * slope)), inverse + p)
          p += 16
        }
      }
    }
    var acceleration = acceleration
    for sweep in 0..<sweeps {
      nonisolated(unsafe) let (x, next) = sweep % 2 == 0 ? (even, odd) : (odd, even)
      let (alpha, beta) = sweep == 0 ? (0, 1) : acceleration.next()
      nonisolated(unsafe) let (rhs, inverse, update, image, mask) = (rhs, inverse, update, image, mask)
      overCells { [stencil] cells in
        stencil.apply(x, image, cells)
        var p = cells.lowerBound
        while p < cells.upperBound {
          let v = load16(x + p)
          let grown = growth * load16(mask + p) * reaction(v)
          let z = load16(rhs + p) - rate * v + 0.5 * (load16(image + p) + grown)
          let d = alpha * load16(update + p) + beta * (z * load16(inverse + p))
          store16(d, update + p)
          store16(flushed(v + d), next + p)
          p += 16
        }
      }
    }
  }
}

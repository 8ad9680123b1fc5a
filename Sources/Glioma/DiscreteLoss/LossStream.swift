import Imaging
import Numerics

/// One pass over the time slices that evaluates the discrete loss and, where asked for, its gradient.
///
/// Only the slices next to the current one are touched, so fields, gradient and optimiser state stream through the
/// caches once. With g = ½(Lu + ρφ(u)) the residual is r_k = (u_k − u_{k−1})/Δt − g_k − g_{k−1}, and with s = r_k + r_{k+1}
/// the gradient is 2W²/N · [(r_k − r_{k+1})/Δt − ½Lᵀs − ½ρφ'(u_k)s].
final class LossStream {
  /// Cells that one call of a kernel handles; sums are kept for each block, so that they do not depend on threads.
  static let block = 2048

  let problem: GrowthProblem
  private let scratch: SpaceTimeField
  private let stencil: Stencil
  private var transposed: Stencil
  private var sums: [BlockSums]
  private let blockCount: Int

  /// Sums over one block of cells.
  struct BlockSums {
    var residual = 0.0, range = 0.0, fluid = 0.0
    var diffusion = 0.0, white = 0.0, growth = 0.0
  }

  /// What the stream reads and writes for each slice.
  struct Access {
    /// The density of a slice; slices k − 1, k and k + 1 are in use while k + 2 is prepared.
    var density: (Int) -> UnsafeMutablePointer<Float>
    /// Where the gradient of a slice goes; nil for the value alone.
    var gradient: ((Int) -> UnsafeMutablePointer<Float>)?
    /// Called before slice k is read.
    var prepare: ((Int) -> Void)?
    /// Called when the gradient of slice k is complete.
    var consume: ((Int) -> Void)?
  }

  init(_ problem: GrowthProblem) {
    self.problem = problem
    scratch = SpaceTimeField(slices: 7, shape: problem.grid.shape)
    stencil = problem.diffusion.combined(diffusivity: 1, ratio: 1)
    transposed = stencil.transposed()
    blockCount = (scratch.pitch + LossStream.block - 1) / LossStream.block
    sums = Array(repeating: BlockSums(), count: blockCount)
  }

  /// The loss and the derivative of each coefficient (empty without gradient).
  func run(_ parameters: GrowthParameters, _ access: Access) -> (terms: LossTerms, gradient: [Double]) {
    let diffusion = problem.diffusion
    stencil.combine(
      Float(parameters.diffusivity), diffusion.white,
      Float(parameters.diffusivity / parameters.diffusivityRatio), diffusion.gray)
    if !stencil.isSymmetric { transposed = stencil.transposed() }
    for index in sums.indices { sums[index] = BlockSums() }
    scratch.clear()
    var edges = EdgeTerms(problem, parameters)
    let last = problem.grid.slices - 1
    let wantsGradient = access.gradient != nil
    access.prepare?(0)
    access.prepare?(1)
    // g_0 and the range terms of slice 0; r_0 = 0 is in the cleared scratch.
    advance(to: 0, parameters, access)
    for k in 0...last {
      if k < last {
        advance(to: k + 1, parameters, access)
      } else {
        endResiduals(last)
      }
      if k == 0 { edges.initialCondition(access.density(0)) }
      if k == last { edges.data(access.density(last)) }
      if wantsGradient {
        gradient(of: k, parameters, access, edges)
        access.consume?(k)
      }
    }
    return total(parameters, edges, wantsGradient)
  }

  // Scratch slices: 0, 1 hold g; 2, 3 hold r (even, odd k); 4 holds s; 5 a stencil's result; 6 white matter alone.
  private func half(_ k: Int) -> UnsafeMutablePointer<Float> { scratch[k & 1] }
  private func residual(_ k: Int) -> UnsafeMutablePointer<Float> { scratch[2 + (k & 1)] }

  private func blocks(_ body: @Sendable (Range<Int>) -> Void) {
    let (pitch, block) = (scratch.pitch, LossStream.block)
    Parallel.forEachSlab(of: 0..<blockCount) { slab in
      for index in slab { body(index * block..<min((index + 1) * block, pitch)) }
    }
  }

  private func advance(to k: Int, _ parameters: GrowthParameters, _ access: Access) {
    let u = access.density(k)
    let before = k > 0 ? access.density(k - 1) : u
    let (g, gBefore, r, rBefore) = (half(k), half(k - 1), residual(k), residual(k - 1))
    let (s, mask, fluid) = (scratch[4], problem.reactive[0], problem.fluid[0])
    let rate = Float(1 / problem.grid.timeStep)
    let growth = Float(parameters.proliferationRate)
    let first = k == 0
    if !first, k + 1 < problem.grid.slices { access.prepare?(k + 1) }
    sums.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let (u, before, g, gBefore, r, rBefore) = (u, before, g, gBefore, r, rBefore)
      nonisolated(unsafe) let (s, mask, fluid, sums) = (s, mask, fluid, buffer)
      let stencil = stencil
      blocks { cells in
        stencil.apply(u, g, cells)
        var (squares, outside, wet) = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
        var p = cells.lowerBound
        while p < cells.upperBound {
          let v = load16(u + p)
          let h = 0.5 * (load16(g + p) + growth * load16(mask + p) * reaction(v))
          store16(h, g + p)
          let beyond = excess(v)
          outside = outside.addingProduct(beyond, beyond)
          let inFluid = v * load16(fluid + p)
          wet = wet.addingProduct(inFluid, inFluid)
          if !first {
            let residual = rate * (v - load16(before + p)) - h - load16(gBefore + p)
            squares = squares.addingProduct(residual, residual)
            store16(residual, r + p)
            store16(residual + load16(rBefore + p), s + p)
          }
          p += 16
        }
        let index = cells.lowerBound / LossStream.block
        sums[index].residual += Double(squares.sum())
        sums[index].range += Double(outside.sum())
        sums[index].fluid += Double(wet.sum())
      }
    }
  }

  /// After the last slice r_{last+1} = 0: clear it and leave s = r_last.
  private func endResiduals(_ last: Int) {
    let (r, beyond, s) = (residual(last), residual(last + 1), scratch[4])
    for cell in 0..<scratch.pitch {
      beyond[cell] = 0
      s[cell] = r[cell]
    }
  }

  private func gradient(
    of k: Int, _ parameters: GrowthParameters, _ access: Access, _ edges: EdgeTerms
  ) {
    guard let target = access.gradient?(k) else { return }
    let weights = problem.weights
    let scale = 2 / Double(problem.grid.cellCount)
    let residualScale = Float(scale * weights.residual * weights.residual)
    let rangeScale = Float(scale * weights.range * weights.range)
    let fluidScale = Float(scale * weights.fluid * weights.fluid)
    let rate = Float(1 / problem.grid.timeStep)
    let growth = Float(parameters.proliferationRate)
    let edge = k == 0 ? edges.first : k == problem.grid.slices - 1 ? edges.last : nil
    let (u, g, r, after) = (access.density(k), half(k), residual(k), residual(k + 1))
    let (s, t, onlyWhite) = (scratch[4], scratch[5], scratch[6])
    let (mask, fluid) = (problem.reactive[0], problem.fluid[0])
    let (transposed, white) = (transposed, problem.diffusion.white)
    sums.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let (u, g, r, after, s, t, onlyWhite) = (u, g, r, after, s, t, onlyWhite)
      nonisolated(unsafe) let (mask, fluid, target, sums) = (mask, fluid, target, buffer)
      blocks { cells in
        transposed.apply(s, t, cells)
        white.apply(u, onlyWhite, cells)
        var (all, inWhite, inGrowth) = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
        var p = cells.lowerBound
        while p < cells.upperBound {
          let (v, sum, m) = (load16(u + p), load16(s + p), load16(mask + p))
          let phi = m * reaction(v)
          let slope = m * reactionSlope(v)
          var value = rate * (load16(r + p) - load16(after + p))
          value -= 0.5 * (load16(t + p) + growth * slope * sum)
          value *= residualScale
          value += rangeScale * excess(v)
          value += fluidScale * v * load16(fluid + p)
          store16(value, target + p)
          all = all.addingProduct(sum, 2 * load16(g + p) - growth * phi)
          inWhite = inWhite.addingProduct(sum, load16(onlyWhite + p))
          inGrowth = inGrowth.addingProduct(sum, phi)
          p += 16
        }
        let index = cells.lowerBound / LossStream.block
        sums[index].diffusion += Double(all.sum())
        sums[index].white += Double(inWhite.sum())
        sums[index].growth += Double(inGrowth.sum())
        if let edge {
          edge.withUnsafeBufferPointer { edge in
            for cell in cells where cell < edge.count { target[cell] += edge[cell] }
          }
        }
      }
    }
  }

  private func total(
    _ p: GrowthParameters, _ edges: EdgeTerms, _ wantsGradient: Bool
  ) -> (terms: LossTerms, gradient: [Double]) {
    let weights = problem.weights
    let cells = Double(problem.grid.cellCount)
    var sum = BlockSums()
    for block in sums {
      sum.residual += block.residual
      sum.range += block.range
      sum.fluid += block.fluid
      sum.diffusion += block.diffusion
      sum.white += block.white
      sum.growth += block.growth
    }
    var terms = edges.terms
    terms.residual = sum.residual * weights.residual * weights.residual / cells
    terms.range = sum.range * weights.range * weights.range / cells
    terms.fluid = sum.fluid * weights.fluid * weights.fluid / cells
    let violation = p.boundViolation
    terms.bounds = weights.bounds * weights.bounds * violation * violation
    guard wantsGradient else { return (terms, []) }
    var gradient = edges.gradient
    let scale = -weights.residual * weights.residual / cells
    // ⟨s, Lu⟩ = D·⟨s, L_white u⟩ + (D/R)·⟨s, L_gray u⟩.
    let inGray = sum.diffusion - p.diffusivity * sum.white
    gradient[0] += scale * sum.diffusion / p.diffusivity
    gradient[1] += scale * sum.growth
    gradient[8] -= scale * inGray * 2.302585092994046
    let bounds = p.boundViolationGradient
    for index in gradient.indices {
      gradient[index] += 2 * weights.bounds * weights.bounds * violation * bounds[index]
    }
    return (terms, gradient)
  }
}

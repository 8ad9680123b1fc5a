import Imaging

/// The formulas of one pass of ``LossStream`` on a block of planes.
///
/// With g = ½(Lu + ρφ(u)) the residual is r_k = (u_k − u_{k−1})/Δt − g_k − g_{k−1}, and with s = r_k + r_{k+1} the gradient
/// is 2W²/N · [(r_k − r_{k+1})/Δt − ½Lᵀs − ½ρφ'(u_k)s].
struct LossSweep: Sendable {
  /// Planes on either side of a block whose density it needs.
  static let halo = 2

  private let stencil: Stencil
  private let transposed: Stencil
  private let white: Stencil
  private let access: LossStream.Access
  private let edges: EdgeTerms
  private let mask: SpaceTimeField
  private let fluid: SpaceTimeField
  private let plane: Int
  private let planes: Int
  private let last: Int
  private let rate: Float
  private let growth: Float
  private let residualScale: Float
  private let rangeScale: Float
  private let fluidScale: Float

  init(
    problem: GrowthProblem, parameters: GrowthParameters, stencil: Stencil, transposed: Stencil,
    access: LossStream.Access
  ) {
    self.stencil = stencil
    self.transposed = transposed
    self.access = access
    white = problem.diffusion.white
    edges = EdgeTerms(problem, parameters)
    (mask, fluid) = (problem.reactive, problem.fluid)
    plane = problem.grid.shape.x * problem.grid.shape.y
    planes = problem.grid.shape.z
    last = problem.grid.slices - 1
    rate = Float(1 / problem.grid.timeStep)
    growth = Float(parameters.proliferationRate)
    let (scale, weights) = (2 / Double(problem.grid.cellCount), problem.weights)
    residualScale = Float(scale * weights.residual * weights.residual)
    rangeScale = Float(scale * weights.range * weights.range)
    fluidScale = Float(scale * weights.fluid * weights.fluid)
  }

  /// All slices of the planes `block`. The planes follow each other closely: density two planes ahead of the gradient,
  /// residual one ahead, or all planes ahead where the stencil links opposite faces of the box.
  func run(_ block: Range<Int>, _ work: LossWorkspace, _ sums: UnsafeMutableBufferPointer<PlaneSums>) {
    func widened(by count: Int) -> Range<Int> {
      max(block.lowerBound - count, 0)..<min(block.upperBound + count, planes)
    }
    let lag = stencil.isSymmetric ? 1 : planes
    let (inner, outer) = (widened(by: 1), widened(by: LossSweep.halo))
    work.begin(at: outer.lowerBound)
    for k in 0...last + 1 {
      for z in outer.lowerBound..<outer.upperBound + 2 * lag {
        if k <= last, outer.contains(z) { access.density(k, z, work.density(k) + z * plane) }
        if inner.contains(z - lag) {
          if k > last {
            endResiduals(z - lag, work)
          } else if block.contains(z - lag) {
            advance(to: k, z - lag, work, &sums[z - lag])
          } else {
            var ignored = PlaneSums(coefficients: 0)
            advance(to: k, z - lag, work, &ignored)
          }
        }
        if k > 0, block.contains(z - 2 * lag) { complete(k - 1, z - 2 * lag, work, &sums[z - 2 * lag]) }
      }
    }
  }

  /// Calls `body` for pieces of plane z that stay in the nearest cache from one loop to the next.
  @inline(__always)
  private func forEachPiece(of z: Int, _ body: (Range<Int>) -> Void) {
    let end = (z + 1) * plane
    var start = z * plane
    while start < end {
      body(start..<min(start + LossSweep.piece, end))
      start += LossSweep.piece
    }
  }

  private static let piece = 512

  private func advance(to k: Int, _ z: Int, _ work: LossWorkspace, _ sums: inout PlaneSums) {
    if k == 0 { (work.residual(0) + z * plane).update(repeating: 0, count: plane) }
    forEachPiece(of: z) { advance(to: k, $0, work, &sums) }
  }

  /// g_k, r_k and s = r_{k−1} + r_k.
  private func advance(to k: Int, _ cells: Range<Int>, _ work: LossWorkspace, _ sums: inout PlaneSums) {
    let (u, before, g, gBefore) = (work.density(k), work.density(k - 1), work.half(k), work.half(k - 1))
    let (r, rBefore, s) = (work.residual(k), work.residual(k - 1), work.sum)
    let (mask, fluid) = (mask[0], fluid[0])
    stencil.apply(u, g, cells)
    var (squares, outside, wet) = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
    forEach16(cells) { p, keep in
      let v = load16(u + p)
      let h = 0.5 * load16(g + p).addingProduct(growth * load16(mask + p), reaction(v))
      store16(h, g + p)
      let (low, high) = (masked(twiceBelow(v), keep), masked(twiceAbove(v), keep))
      outside = outside.addingProduct(low, low)
      outside = outside.addingProduct(high, high)
      let inFluid = masked(v * load16(fluid + p), keep)
      wet = wet.addingProduct(inFluid, inFluid)
      // There is no residual of the first slice.
      guard k > 0 else { return }
      let residual = rate * (v - load16(before + p)) - h - load16(gBefore + p)
      let counted = masked(residual, keep)
      squares = squares.addingProduct(counted, counted)
      store16(residual, r + p)
      store16(residual + load16(rBefore + p), s + p)
    }
    sums.residual += Double(squares.sum())
    sums.range += 0.25 * Double(outside.sum())
    sums.fluid += Double(wet.sum())
  }

  /// After the last slice r is zero, which leaves s = r_last.
  private func endResiduals(_ z: Int, _ work: LossWorkspace) {
    let start = z * plane
    (work.residual(last + 1) + start).update(repeating: 0, count: plane)
    (work.sum + start).update(from: work.residual(last) + start, count: plane)
  }

  /// What is left to do for plane z once the residuals k and k + 1 are known.
  private func complete(_ k: Int, _ z: Int, _ work: LossWorkspace, _ sums: inout PlaneSums) {
    let u = work.density(k)
    let target = access.gradient == nil ? nil : work.gradient
    if target != nil { forEachPiece(of: z) { gradient(of: k, $0, work, &sums) } }
    if k == 0 { edges.initialCondition(z, u, gradient: target, &sums) }
    if k == last { edges.data(z, u, gradient: target, &sums) }
    if let target { access.gradient?(k, z, target + z * plane) }
  }

  private func gradient(of k: Int, _ cells: Range<Int>, _ work: LossWorkspace, _ sums: inout PlaneSums) {
    let (u, g, r, after) = (work.density(k), work.half(k), work.residual(k), work.residual(k + 1))
    let (s, t, target) = (work.sum, work.image, work.gradient)
    let (mask, fluid) = (mask[0], fluid[0])
    sums.white += Double(white.innerProduct(s, u, scratch: t, cells))
    transposed.apply(s, t, cells)
    var (inHalf, inGrowth) = (SIMD16<Float>.zero, SIMD16<Float>.zero)
    let inImage = SIMD16<Float>(repeating: -0.5 * residualScale)
    let inReaction = SIMD16<Float>(repeating: -0.5 * residualScale * growth)
    let inRange = SIMD16<Float>(repeating: 0.5 * rangeScale)
    forEach16(cells) { p, keep in
      let (v, sum, m) = (load16(u + p), load16(s + p), load16(mask + p))
      let (phi, slope) = (m * reaction(v), m * reactionSlope(v))
      var value = rate * residualScale * (load16(r + p) - load16(after + p))
      value = value.addingProduct(inImage, load16(t + p))
      value = value.addingProduct(slope, inReaction * sum)
      value = value.addingProduct(inRange, twiceBelow(v))
      value = value.addingProduct(inRange, twiceAbove(v))
      value = value.addingProduct(fluidScale * v, load16(fluid + p))
      store16(value, target + p)
      let counted = masked(sum, keep)
      inHalf = inHalf.addingProduct(counted, load16(g + p))
      inGrowth = inGrowth.addingProduct(counted, phi)
    }
    let grown = Double(inGrowth.sum())
    sums.growth += grown
    sums.diffusion += 2 * Double(inHalf.sum()) - Double(growth) * grown
  }
}

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
  private let fluid: SpaceTimeField
  /// What the reaction lacks in fluid: all of it; nothing in the published program.
  private let lack: Float
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
    fluid = problem.fluid
    lack = problem.scheme == .correct ? 1 : 0
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
          if block.contains(z - lag) {
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

  /// All of plane z that needs the density of slice k; beyond the last slice there is no residual.
  private func advance(to k: Int, _ z: Int, _ work: LossWorkspace, _ sums: inout PlaneSums) {
    if k == 0 || k > last { (work.residual(k) + z * plane).update(repeating: 0, count: plane) }
    forEachPiece(of: z) { cells in
      if k > last {
        endResiduals(cells, work, &sums)
      } else {
        advance(to: k, z, cells, work, &sums)
      }
    }
  }

  /// g_k, r_k, s = r_{k−1} + r_k and its products with g_{k−1}.
  private func advance(
    to k: Int, _ z: Int, _ cells: Range<Int>, _ work: LossWorkspace, _ sums: inout PlaneSums
  ) {
    let (u, before, g, image) = (work.density(k), work.density(k - 1), work.half, work.image(z))
    let (r, rBefore, s) = (work.residual(k), work.residual(k - 1), work.sum)
    let fluid = fluid[0]
    let (rate, growth) = (rate, SIMD16<Float>(repeating: growth))
    let growthLack = -lack * growth
    let faces = stencil.faces
    if faces == nil { stencil.apply(u, image, cells) }
    var (squares, outside, wet, inHalf) = (
      SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero
    )
    forEach16(cells) { p, keep in
      let (v, gBefore, wetness) = (load16(u + p), load16(g + p), load16(fluid + p))
      let speed = growth.addingProduct(growthLack, wetness)
      let diffused = faces?.apply(u, p) ?? load16(image + p)
      let h = 0.5 * diffused.addingProduct(speed, reaction(v))
      // Cells behind the plane keep what the slice before left: it is still to be used.
      store16(merged(h, gBefore, keep), g + p)
      let (low, high) = (masked(twiceBelow(v), keep), masked(twiceAbove(v), keep))
      outside = outside.addingProduct(low, low)
      outside = outside.addingProduct(high, high)
      let inFluid = masked(v * wetness, keep)
      wet = wet.addingProduct(inFluid, inFluid)
      // There is no residual of the first slice.
      guard k > 0 else { return }
      let residual = rate * (v - load16(before + p)) - h - gBefore
      let counted = masked(residual, keep)
      squares = squares.addingProduct(counted, counted)
      store16(residual, r + p)
      let sum = residual + load16(rBefore + p)
      store16(sum, s + p)
      inHalf = inHalf.addingProduct(masked(sum, keep), gBefore)
    }
    sums.residual += Double(squares.sum())
    sums.range += 0.25 * Double(outside.sum())
    sums.fluid += Double(wet.sum())
    sums.half += Double(inHalf.sum())
  }

  /// s = r_last and its products with g_last.
  private func endResiduals(_ cells: Range<Int>, _ work: LossWorkspace, _ sums: inout PlaneSums) {
    let (r, s, g) = (work.residual(last), work.sum, work.half)
    var inHalf = SIMD16<Float>.zero
    forEach16(cells) { p, keep in
      let residual = load16(r + p)
      store16(residual, s + p)
      inHalf = inHalf.addingProduct(masked(residual, keep), load16(g + p))
    }
    sums.half += Double(inHalf.sum())
  }

  /// What is left to do for plane z once the residuals k and k + 1 are known.
  private func complete(_ k: Int, _ z: Int, _ work: LossWorkspace, _ sums: inout PlaneSums) {
    let u = work.density(k)
    let target = access.gradient == nil ? nil : work.gradient(z)
    if target != nil { forEachPiece(of: z) { gradient(of: k, z, $0, work, &sums) } }
    if k == 0 { edges.initialCondition(z, u, gradient: target, &sums) }
    if k == last { edges.data(z, u, gradient: target, &sums) }
    if let target { access.gradient?(k, z, target + z * plane) }
  }

  private func gradient(
    of k: Int, _ z: Int, _ cells: Range<Int>, _ work: LossWorkspace, _ sums: inout PlaneSums
  ) {
    let (u, r, after) = (work.density(k), work.residual(k), work.residual(k + 1))
    let (s, t, target) = (work.sum, work.image(z), work.gradient(z))
    let fluid = fluid[0]
    let (faces, whites) = (transposed.faces, white.faces)
    if faces == nil {
      sums.white += Double(white.innerProduct(s, u, scratch: t, cells))
      transposed.apply(s, t, cells)
    }
    var (inGrowth, inWhite) = (SIMD16<Float>.zero, SIMD16<Float>.zero)
    let inImage = SIMD16<Float>(repeating: -0.5 * residualScale)
    let inReaction = SIMD16<Float>(repeating: -0.5 * residualScale * growth)
    let inRange = SIMD16<Float>(repeating: 0.5 * rangeScale)
    let (all, lack) = (SIMD16<Float>(repeating: 1), SIMD16<Float>(repeating: -lack))
    forEach16(cells) { p, keep in
      let (v, sum, wetness) = (load16(u + p), load16(s + p), load16(fluid + p))
      let share = all.addingProduct(lack, wetness)
      let (phi, slope) = (share * reaction(v), share * reactionSlope(v))
      var value = rate * residualScale * (load16(r + p) - load16(after + p))
      value = value.addingProduct(inImage, faces?.apply(s, p) ?? load16(t + p))
      value = value.addingProduct(slope, inReaction * sum)
      value = value.addingProduct(inRange, twiceBelow(v))
      value = value.addingProduct(inRange, twiceAbove(v))
      value = value.addingProduct(fluidScale * v, wetness)
      store16(value, target + p)
      inGrowth = inGrowth.addingProduct(masked(sum, keep), phi)
      if let whites { inWhite -= masked(whites.product(s, u, p), keep) }
    }
    sums.growth += Double(inGrowth.sum())
    sums.white += Double(inWhite.sum())
  }
}

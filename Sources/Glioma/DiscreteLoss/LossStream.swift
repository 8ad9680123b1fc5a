import Imaging
import Numerics

/// One pass over the density that evaluates the discrete loss and, where asked for, its gradient.
///
/// The box is cut into blocks of a few planes, and each block runs through all time slices on its own: what it needs of
/// the neighbouring slices stays in the nearest caches, and threads meet once a pass. A residual needs the density one plane
/// further out and a gradient the residual of one more, so each block computes these planes of its neighbours again.
/// Sums are kept for each plane, so they depend neither on the blocks nor on the threads.
final class LossStream {
  /// Planes of a block: the fewer, the nearer the cache; the more, the fewer planes are computed twice.
  private static let blockHeight = 12

  let problem: GrowthProblem
  private let stencil: Stencil
  private var transposed: Stencil
  private let blocks: [Range<Int>]
  private let workspaces: [LossWorkspace]
  /// Planes that another block than their own reads, in ascending order.
  let sharedPlanes: [Int]

  /// What the stream reads and writes, plane by plane.
  struct Access: Sendable {
    /// Writes the density of slice k on plane z to the place given, exactly its cells; called more than once for some.
    var density: @Sendable (_ k: Int, _ z: Int, UnsafeMutablePointer<Float>) -> Void
    /// Receives the complete gradient of slice k on plane z, once for each; nil for the value alone.
    var gradient: (@Sendable (_ k: Int, _ z: Int, UnsafePointer<Float>) -> Void)?
  }

  init(_ problem: GrowthProblem) {
    self.problem = problem
    stencil = problem.diffusion.combined(diffusivity: 1, ratio: 1)
    transposed = stencil.transposed()
    let planes = problem.grid.shape.z
    // The published operator links opposite faces of the box, so there the whole box is one block.
    let share = LossStream.blockHeight * Parallel.threads
    let count = stencil.isSymmetric ? Parallel.threads * ((planes + share - 1) / share) : 1
    let blocks = Parallel.slabs(of: 0..<planes, count: count)
    self.blocks = blocks
    let height = min((blocks.map(\.count).max() ?? 0) + 2 * LossSweep.halo, planes)
    workspaces = blocks.map { _ in LossWorkspace(problem.grid.shape, height: height) }
    sharedPlanes = (0..<planes).filter { z in
      blocks.contains { block in
        let (first, end) = (block.lowerBound - LossSweep.halo, block.upperBound + LossSweep.halo)
        return (first..<end).contains(z) && !block.contains(z)
      }
    }
  }

  /// The loss and the derivative of each coefficient (empty without gradient).
  func run(_ parameters: GrowthParameters, _ access: Access) -> (terms: LossTerms, gradient: [Double]) {
    let diffusion = problem.diffusion
    stencil.combine(
      Float(parameters.diffusivity), diffusion.white,
      Float(parameters.diffusivity / parameters.diffusivityRatio), diffusion.gray)
    if !stencil.isSymmetric { transposed = stencil.transposed() }
    let sweep = LossSweep(
      problem: problem, parameters: parameters, stencil: stencil, transposed: transposed, access: access)
    let empty = PlaneSums(coefficients: parameters.coefficients.count)
    let sums = [PlaneSums](unsafeUninitializedCapacity: problem.grid.shape.z) { buffer, initialized in
      buffer.initialize(repeating: empty)
      initialized = buffer.count
      nonisolated(unsafe) let sums = buffer
      for workspace in workspaces { workspace.clear() }
      let (blocks, workspaces) = (blocks, workspaces)
      // Handed out one by one, so that a core that is disturbed does fewer.
      Parallel.forEach(0..<blocks.count) { sweep.run(blocks[$0], workspaces[$0], sums) }
    }
    return total(parameters, sums, hasGradient: access.gradient != nil)
  }

  private func total(
    _ p: GrowthParameters, _ sums: [PlaneSums], hasGradient: Bool
  ) -> (terms: LossTerms, gradient: [Double]) {
    let weights = problem.weights
    let cells = Double(problem.grid.cellCount)
    var sum = PlaneSums(coefficients: p.coefficients.count)
    for plane in sums { sum.add(plane) }
    var terms = sum.edges
    terms.residual = sum.residual * weights.residual * weights.residual / cells
    terms.range = sum.range * weights.range * weights.range / cells
    terms.fluid = sum.fluid * weights.fluid * weights.fluid / cells
    let violation = p.boundViolation
    terms.bounds = weights.bounds * weights.bounds * violation * violation
    guard hasGradient else { return (terms, []) }
    var gradient = sum.coefficients
    let scale = -weights.residual * weights.residual / cells
    // ⟨s, Lu⟩ = 2⟨s, g⟩ − ρ⟨s, φ(u)⟩ = D·⟨s, L_white u⟩ + (D/R)·⟨s, L_gray u⟩.
    let diffusion = 2 * sum.half - p.proliferationRate * sum.growth
    let inGray = diffusion - p.diffusivity * sum.white
    gradient[0] += scale * diffusion / p.diffusivity
    gradient[1] += scale * sum.growth
    gradient[8] -= scale * inGray * 2.302585092994046
    let bounds = p.boundViolationGradient
    for index in gradient.indices {
      gradient[index] += 2 * weights.bounds * weights.bounds * violation * bounds[index]
    }
    return (terms, gradient)
  }
}

/// Sums over one plane of all slices.
struct PlaneSums: Sendable {
  /// Squares of the residuals, of what lies outside 0…1 and of density in fluid.
  var residual = 0.0, range = 0.0, fluid = 0.0
  /// ⟨s, g⟩, ⟨s, L_white u⟩ and ⟨s, φ(u)⟩.
  var half = 0.0, white = 0.0, growth = 0.0
  /// The terms of the first and the last slice, weighted.
  var edges = LossTerms()
  /// Their derivative with respect to each coefficient.
  var coefficients: [Double]

  init(coefficients count: Int) { coefficients = Array(repeating: 0, count: count) }

  mutating func add(_ other: PlaneSums) {
    residual += other.residual
    range += other.range
    fluid += other.fluid
    half += other.half
    white += other.white
    growth += other.growth
    edges.initialCondition += other.edges.initialCondition
    edges.dataLow += other.edges.dataLow
    edges.dataHigh += other.edges.dataHigh
    edges.pet += other.edges.pet
    for index in coefficients.indices { coefficients[index] += other.coefficients[index] }
  }
}

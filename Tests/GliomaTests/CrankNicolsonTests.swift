import Foundation
import Glioma
import Imaging
import Numerics
import Testing

@Suite("Crank–Nicolson")
struct CrankNicolsonTests {
  /// Tissue that is open everywhere, with a smooth mix of white and grey matter.
  static func openProblem(slices: Int, cells: Int, extent: Double, scheme: DiffusionScheme = .correct)
    -> GrowthProblem
  {
    let shape = VoxelShape(cells, cells, cells)
    let h = extent / Double(cells)
    let grid = SpaceTimeGrid(slices: slices, shape: shape, spacing: [h, h, h], duration: 40)
    let tissue = Tissue(
      white: Array(repeating: 1, count: shape.count), gray: Array(repeating: 0, count: shape.count))
    return GrowthProblem(
      grid: grid, tissue: tissue, observation: Observation(labels: Array(repeating: 0, count: shape.count)),
      scheme: scheme, blob: InitialBlob(squaredWidth: 200), weights: LossWeights(hasPET: false))
  }

  @Test(
    "What it integrates has no residual and starts from the blob",
    arguments: [DiffusionScheme.correct, .compat])
  func residualFree(scheme: DiffusionScheme) {
    let random = RandomProblem(seed: 21, scheme: scheme, slices: 12, shape: VoxelShape(12, 10, 9))
    let u = SpaceTimeField(slices: 12, shape: random.problem.grid.shape)
    CrankNicolson(random.problem, parameters: random.parameters, isParallel: true).integrate(into: u)
    let terms = ReferenceLoss(problem: random.problem)
      .terms((0..<12).map { u.slice($0).map(Double.init) }, random.parameters)
    #expect(terms.residual < 2e-5)
    #expect(terms.initialCondition < 1e-8)
    #expect(u.slice(11).contains { $0 > 0.05 })
  }

  @Test("With forcing, the residual is the forcing")
  func forced() {
    let random = RandomProblem(seed: 22, scheme: .correct, slices: 6, shape: VoxelShape(9, 8, 7))
    let shape = random.problem.grid.shape
    var stream = RandomStream(seed: 22, purpose: "forcing")
    let forcing = SpaceTimeField(slices: 6, shape: shape)
    var squares = 0.0
    for k in 0..<6 {
      let values = (0..<shape.count).map { _ in stream.uniform(-0.01...0.01) }
      if k > 0 { squares += values.reduce(0.0) { $0 + Double($1) * Double($1) } }
      forcing.setSlice(k, to: values)
    }
    let u = SpaceTimeField(slices: 6, shape: shape)
    CrankNicolson(random.problem, parameters: random.parameters, isParallel: false)
      .integrate(into: u, forcing: forcing)
    let terms = DiscreteLoss(random.problem).terms(of: u, parameters: random.parameters)
    let expected = 2400.0 * 2400 * squares / Double(random.problem.grid.cellCount)
    #expect(abs(terms.residual - expected) < 1e-3 * expected)
  }

  @Test("Mass is conserved when nothing grows, and lost by the published scheme")
  func mass() {
    var masses: [DiffusionScheme: [Double]] = [:]
    for scheme in [DiffusionScheme.correct, .compat] {
      let random = RandomProblem(seed: 23, scheme: scheme, slices: 30, shape: VoxelShape(14, 12, 10))
      var p = random.parameters
      p.proliferationRate = 0
      let u = SpaceTimeField(slices: 30, shape: random.problem.grid.shape)
      CrankNicolson(random.problem, parameters: p, isParallel: true).integrate(into: u)
      masses[scheme] = [0, 29].map { u.slice($0).reduce(0.0) { $0 + Double($1) } }
    }
    if let right = masses[.correct], let published = masses[.compat] {
      #expect(abs(right[1] - right[0]) < 1e-4 * right[0])
      #expect(abs(published[1] - published[0]) > 1e-2 * published[0])
    }
  }

  @Test("The error in time falls with the square of the step")
  func order() {
    // Richardson: differences between runs with halved steps fall by four.
    // All runs span 40 days between the centres of the first and the last slice.
    func final(_ steps: Int) -> [Float] {
      let shape = VoxelShape(12, 12, 12)
      let grid = SpaceTimeGrid(
        slices: steps + 1, shape: shape, spacing: [5, 5, 5], duration: 40 * Double(steps + 1) / Double(steps))
      let base = CrankNicolsonTests.openProblem(slices: 2, cells: 12, extent: 60)
      let problem = GrowthProblem(
        grid: grid, tissue: base.tissue, observation: base.observation, scheme: .correct, blob: base.blob,
        weights: base.weights)
      let p = GrowthParameters(foci: [[30, 30, 30]], diffusivity: 1.2, proliferationRate: 0.15)
      let u = SpaceTimeField(slices: steps + 1, shape: shape)
      CrankNicolson(problem, parameters: p, isParallel: false).integrate(into: u)
      return u.slice(steps)
    }
    let (coarse, middle, fine) = (final(8), final(16), final(32))
    func distance(_ a: [Float], _ b: [Float]) -> Double {
      zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
    }
    let ratio = distance(coarse, middle) / distance(middle, fine)
    #expect(abs(log2(ratio) - 2) < 0.15, "order \(log2(ratio))")
  }

  @Test("The tangent passes the Taylor test", arguments: [DiffusionScheme.correct, .compat])
  func taylor(scheme: DiffusionScheme) {
    let random = RandomProblem(seed: 24, scheme: scheme, slices: 10, shape: VoxelShape(10, 9, 8))
    let shape = random.problem.grid.shape
    var stream = RandomStream(seed: 24, purpose: "direction")
    // Positive, because the reaction |u|(1 − u) has a kink at zero.
    let direction = SpaceTimeField(slices: 10, shape: shape)
    for k in 0..<10 { direction.setSlice(k, to: (0..<shape.count).map { _ in stream.uniform(0...1) }) }
    let integrator = CrankNicolson(random.problem, parameters: random.parameters, isParallel: false)
    let u = SpaceTimeField(slices: 10, shape: shape)
    integrator.integrate(into: u)
    let base = u.slice(9)
    let tangent = SpaceTimeField(slices: 1, shape: shape)
    integrator.tangent(
      around: u, initial: UnsafePointer(direction[0]), source: { UnsafePointer(direction[$0]) },
      result: tangent[0])
    let linear = tangent.slice(0)
    var errors: [Double] = []
    for step: Float in [0.01, 0.005] {
      let scaled = SpaceTimeField(slices: 10, shape: shape)
      for k in 0..<10 { scaled.setSlice(k, to: direction.slice(k).map { $0 * step }) }
      let moved = SpaceTimeField(slices: 10, shape: shape)
      integrator.integrate(into: moved, forcing: scaled)
      let end = moved.slice(9)
      errors.append(
        end.indices.reduce(0.0) { $0 + pow(Double(end[$1] - base[$1] - step * linear[$1]), 2) }.squareRoot())
    }
    #expect(abs(errors[0] / errors[1] - 4) < 0.3, "remainders \(errors)")
  }

  @Test("Tangent and adjoint are transposes", arguments: [DiffusionScheme.correct, .compat, .compatForward])
  func dotProduct(scheme: DiffusionScheme) {
    let random = RandomProblem(seed: 25, scheme: scheme, slices: 8, shape: VoxelShape(11, 9, 7))
    let shape = random.problem.grid.shape
    let integrator = CrankNicolson(random.problem, parameters: random.parameters, isParallel: true)
    let u = SpaceTimeField(slices: 8, shape: shape)
    integrator.integrate(into: u)
    var stream = RandomStream(seed: 25, purpose: "vectors")
    func noise(_ slices: Int) -> SpaceTimeField {
      let field = SpaceTimeField(slices: slices, shape: shape)
      for k in 0..<slices { field.setSlice(k, to: (0..<shape.count).map { _ in stream.uniform(-1...1) }) }
      return field
    }
    let (x, w) = (noise(8), noise(1))
    let (forward, backward) = (
      SpaceTimeField(slices: 1, shape: shape), SpaceTimeField(slices: 8, shape: shape)
    )
    integrator.tangent(
      around: u, initial: UnsafePointer(x[0]), source: { UnsafePointer(x[$0]) }, result: forward[0])
    integrator.adjoint(around: u, final: UnsafePointer(w[0]), result: backward)
    func dot(_ a: [Float], _ b: [Float]) -> Double {
      zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    let left = dot(forward.slice(0), w.slice(0))
    let right = (0..<8).reduce(0.0) { $0 + dot(x.slice($1), backward.slice($1)) }
    let size = dot(w.slice(0), w.slice(0)).squareRoot() * dot(forward.slice(0), forward.slice(0)).squareRoot()
    #expect(abs(left - right) < 1e-5 * size, "\(left) and \(right)")
  }
}

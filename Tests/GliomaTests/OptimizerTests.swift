import Foundation
import Glioma
import Imaging
import Numerics
import Testing

@Suite("Optimisers of the discrete loss")
struct OptimizerTests {
  @Test("Interpolation between levels reproduces linear functions and its transpose is exact")
  func transfer() {
    let fine = VoxelShape(8, 6, 12)
    let coarse = SpaceTimeField(slices: 3, shape: VoxelShape(4, 3, 6))
    for k in 0..<3 {
      var cell = 0
      for z in 0..<6 {
        for y in 0..<3 {
          for x in 0..<4 {
            coarse[k][cell] = Float(x) + 2 * Float(y) - Float(z) + 3 * Float(k)
            cell += 1
          }
        }
      }
    }
    let transfer = SliceTransfer(fine: fine)
    let zero = SpaceTimeField(slices: 1, shape: fine)
    let out = SpaceTimeField(slices: 6, shape: fine)
    for k in 0..<6 { transfer.prolong(coarse, slice: k, base: zero[0], to: out[k]) }
    func center(_ i: Int) -> Float { (Float(i) + 0.5) / 2 - 0.5 }
    for (x, y, z, k) in [(0, 0, 0, 0), (7, 5, 11, 5), (3, 2, 6, 2), (0, 5, 4, 3)] {
      let expected = center(x) + 2 * center(y) - center(z) + 3 * center(k)
      #expect(abs(out[k][fine.index(x, y, z)] - expected) < 1e-5)
    }
    var stream = RandomStream(seed: 3, purpose: "transfer")
    let weights = SpaceTimeField(slices: 6, shape: fine)
    let partial = SpaceTimeField(slices: 3, shape: VoxelShape(4, 3, 12))
    let back = SpaceTimeField(slices: 3, shape: coarse.shape)
    var left = 0.0
    for k in 0..<6 {
      weights.setSlice(k, to: (0..<fine.count).map { _ in stream.uniform(-1...1) })
      for cell in 0..<fine.count { left += Double(weights[k][cell]) * Double(out[k][cell]) }
      for z in 0..<fine.z {
        transfer.restrict(weights[k] + z * fine.x * fine.y, slice: k, plane: z, into: partial)
      }
    }
    transfer.gather(partial, into: back)
    var right = 0.0
    for k in 0..<3 { for c in 0..<coarse.shape.count { right += Double(back[k][c]) * Double(coarse[k][c]) } }
    #expect(abs(left - right) < 1e-3 * abs(left))
  }

  @Test("Adam and L-BFGS lower the loss of the seed")
  func descent() throws {
    let known = KnownTumor()
    let blob = known.problem.initialDensity(known.start.foci)
    func seed() -> SeedingRun {
      SeedingRun(problem: known.problem, initial: blob, focus: known.start.foci[0])
    }
    let start = seed()
    let before = DiscreteLoss(known.problem).terms(of: start.field, parameters: start.parameters)
    let adam = try AdamSolver.solve(
      known.problem, seed: start, epochs: 300, rate: 1e-3, schedule: .cosine)
    #expect(adam.history[0].terms == before)
    #expect(adam.terms.total < 0.2 * before.total, "\(before.total) to \(adam.terms.total)")
    let newton = try QuasiNewtonSolver.solve(known.problem, seed: seed(), iterations: 40)
    #expect(newton.terms.total < 0.5 * before.total, "\(before.total) to \(newton.terms.total)")
    let field = try StaticField().solve(known.problem, start: seed())
    #expect(
      field.history[field.history.count - 1].terms.dataLow < 0.5 * field.history[0].terms.dataLow + 1e-9)
  }

  @Test("Adam steps in place as if every block had a copy of its neighbours", arguments: [4, 5])
  func blocks(epochs: Int) {
    let random = RandomProblem(seed: 9, scheme: .correct, slices: 8, shape: VoxelShape(8, 6, 24))
    func field(threads: Int) -> [[Float]] {
      Parallel.withThreads(threads) {
        let seed = SpaceTimeField(slices: 8, shape: random.field.shape)
        seed.copy(random.field)
        let solver = AdamSolver(random.problem, seed: seed, parameters: random.parameters)
        for _ in 0..<epochs { _ = solver.epoch(rate: 1e-2) }
        let field = solver.field()
        return (0..<8).map { field.slice($0) }
      }
    }
    // One block of 24 planes would hide it: one thread has two blocks, seven threads have seven.
    let one = field(threads: 1)
    #expect(one[3] != random.field.slice(3))
    for threads in [2, 3, 7] { #expect(field(threads: threads) == one, "\(threads) threads") }
  }

  @Test("One Adam step is that of the formula")
  func adam() {
    var (x, m, v) = ([1.0], [0.0], [0.0])
    AdamStep(rate: 0.1, count: 1).apply(&x, [2], &m, &v)
    // α = 0.1·√0.001 / 0.1, m = 0.2, v = 0.004.
    #expect(abs(x[0] - (1 - 0.001.squareRoot() * 0.2 / (0.004.squareRoot() + 1e-7))) < 1e-12)
  }

  @Test("The ensemble surrounds the fit and is reproducible")
  func ensemble() throws {
    let known = KnownTumor()
    let solution = try GaussNewtonSolver().solve(
      known.problem, components: [known.start.foci[0]], core: [known.start.foci[0]])
    let first = try #require(GrowthEnsemble(known.problem, solution, members: 8, seed: 5))
    let second = try #require(GrowthEnsemble(known.problem, solution, members: 8, seed: 5))
    #expect(first.mean == second.mean && first.spread.contains { $0 > 0.001 })
    #expect(first.probability.allSatisfy { (0...1).contains($0) })
    #expect(first.intervals[0].contains(log(solution.parameters.diffusivity)))
  }
}

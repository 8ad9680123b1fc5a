import Foundation
import Glioma
import Imaging
import Numerics
import Testing

/// A small patient whose tumour was grown by the model itself, with known parameters.
struct KnownTumor {
  let problem: GrowthProblem
  let truth: GrowthParameters
  let density: [Float]

  init(scheme: DiffusionScheme = .correct) {
    let shape = VoxelShape(16, 16, 16)
    let grid = SpaceTimeGrid(slices: 40, shape: shape, spacing: [4, 4, 4])
    var (white, gray) = ([Float](), [Float]())
    for k in 0..<16 {
      for j in 0..<16 {
        for i in 0..<16 {
          let d = SIMD3(Double(i), Double(j), Double(k)) - 7.5
          let r = (d * d).sum().squareRoot()
          white.append(r < 5 ? 1 : 0)
          gray.append(r >= 5 && r < 8.5 && i != 3 ? 1 : 0)
        }
      }
    }
    let tissue = Tissue(white: white, gray: gray)
    var p = GrowthParameters(foci: [[34, 31, 29]], diffusivity: 0.35, proliferationRate: 0.1)
    p.diffusivityRatio = 20
    p.upperThreshold = 0.6
    p.lowerThreshold = 0.27
    let blank = GrowthProblem(
      grid: grid, tissue: tissue, observation: Observation(labels: Array(repeating: 0, count: shape.count)),
      scheme: scheme, blob: InitialBlob(), weights: LossWeights(hasPET: false))
    let u = SpaceTimeField(slices: 40, shape: shape)
    CrankNicolson(blank, parameters: p, isParallel: false).integrate(into: u)
    density = u.slice(39)
    let labels = density.map { UInt8($0 >= 0.6 ? 2 : $0 >= 0.27 ? 1 : 0) }
    truth = p
    problem = GrowthProblem(
      grid: grid, tissue: tissue, observation: Observation(labels: labels), scheme: scheme,
      blob: InitialBlob(), weights: LossWeights(hasPET: false))
  }

  var start: GrowthParameters {
    var p = GrowthParameters(foci: [[30, 34, 33]], diffusivity: 0.15, proliferationRate: 0.12)
    p.diffusivityRatio = 30
    return p
  }
}

@Suite("Solvers")
struct SolverTests {
  @Test("The width of the oedema and the way to the border tell the rates of a front", arguments: [1.5, 3.0])
  func startingRates(length: Double) {
    // A ball whose flank is the front of Ablowitz and Zeppetella, 30 mm from its centre.
    let shape = VoxelShape(48, 48, 48)
    let grid = SpaceTimeGrid(slices: 192, shape: shape, spacing: [2, 2, 2])
    var labels: [UInt8] = []
    for k in 0..<48 {
      for j in 0..<48 {
        for i in 0..<48 {
          let d = grid.center(i, j, k) - 48
          let u = pow(1 + exp(((d * d).sum().squareRoot() - 30) / (6.0.squareRoot() * length)), -2)
          labels.append(u >= 0.6 ? 2 : u >= 0.28 ? 1 : 0)
        }
      }
    }
    let problem = GrowthProblem(
      grid: grid,
      tissue: Tissue(
        white: Array(repeating: 1, count: shape.count), gray: Array(repeating: 0, count: shape.count)),
      observation: Observation(labels: labels), scheme: .correct, blob: InitialBlob(),
      weights: LossWeights(hasPET: false))
    let rates = StartingPoints.rates(problem, foci: [[48, 48, 48]], thresholds: (0.6, 0.28))
    let found = (rates[1].diffusivity / rates[1].proliferation).squareRoot()
    #expect(abs(found / length - 1) < 0.1, "infiltration length \(found)")
    let travelled = 2 * (rates[1].diffusivity * rates[1].proliferation).squareRoot() * grid.duration
    // u = 0.28 lies 0.23·λ inside; half the blob's radius is its beginning.
    #expect(abs(travelled - (30 - 0.5 * InitialBlob().radius)) < 2.5, "travelled \(travelled)")
    // Two foci share the way.
    let pair = StartingPoints.rates(problem, foci: [[30, 48, 48], [66, 48, 48]], thresholds: (0.6, 0.28))
    #expect(pair[1].diffusivity < rates[1].diffusivity)
  }

  @Test("The columns of the Jacobian are derivatives of the last slice")
  func sensitivity() {
    let known = KnownTumor()
    let u = SpaceTimeField(slices: 40, shape: known.problem.grid.shape)
    let p = known.truth
    CrankNicolson(known.problem, parameters: p, isParallel: false).integrate(into: u)
    let columns = StateSensitivity.columns(known.problem, p, around: u)
    func end(_ change: (inout GrowthParameters) -> Void) -> [Float] {
      var moved = p
      change(&moved)
      let v = SpaceTimeField(slices: 40, shape: known.problem.grid.shape)
      CrankNicolson(known.problem, parameters: moved, isParallel: false).integrate(into: v)
      return v.slice(39)
    }
    let e = 0.02
    let pairs: [(Int, Double, [Float], [Float])] = [
      (0, e, end { $0.diffusivity *= exp(e) }, end { $0.diffusivity *= exp(-e) }),
      (1, e, end { $0.proliferationRate *= exp(e) }, end { $0.proliferationRate *= exp(-e) }),
      (2, e, end { $0.diffusivityRatio *= pow(10, e) }, end { $0.diffusivityRatio *= pow(10, -e) }),
    ]
    for (j, step, up, down) in pairs {
      var (error, size) = (0.0, 0.0)
      for cell in up.indices {
        let slope = Double(up[cell] - down[cell]) / (2 * step)
        error += pow(slope - Double(columns[j][cell]), 2)
        size += slope * slope
      }
      #expect(error.squareRoot() < 5e-3 * size.squareRoot(), "coordinate \(j)")
    }
    #expect(columns[3].isEmpty && columns[7].contains { $0 != 0 })
  }

  @Test("The strong-constraint fit explains a tumour of its own model")
  func strong() {
    let known = KnownTumor()
    let u = SpaceTimeField(slices: 40, shape: known.problem.grid.shape)
    // The start is far off: little weight on it.
    var prior = ParameterPrior()
    prior.weight = 10
    prior.rateDeviation = 1.5
    let fit = StrongConstraint(
      known.problem, start: known.start, prior: prior, iterations: 25, isParallel: false, into: u)
    let terms = DiscreteLoss(known.problem).terms(of: u, parameters: fit.parameters)
    #expect(terms.residual < 1e-6 && terms.initialCondition < 1e-12)
    #expect(terms.total < 2e-4, "loss \(terms.total)")
    let distance = fit.parameters.foci[0] - known.truth.foci[0]
    #expect((distance * distance).sum().squareRoot() < 3)
    let error = zip(u.slice(39), known.density).map { abs($0 - $1) }.max() ?? 1
    #expect(error < 0.2, "largest error of the density \(error)")
  }

  @Test("A density that gives its labels leaves no discrepancy, one that is too small does")
  func discrepancy() {
    let known = KnownTumor()
    func discrepancy(_ start: GrowthParameters) -> Double {
      let u = SpaceTimeField(slices: 40, shape: known.problem.grid.shape)
      return WeakConstraint(known.problem, start: start, prior: .none, isParallel: false, field: u)
        .history[0].discrepancy
    }
    #expect(discrepancy(known.truth) == 0)
    var aside = known.truth
    // A hundredth of a cell moves some densities across a threshold, but not by half a cell.
    aside.foci[0].x += 0.04
    #expect(discrepancy(aside) == 0)
    var slower = known.truth
    slower.proliferationRate /= 2
    #expect(discrepancy(slower) > 0.1)
  }

  @Test("Gauss–Newton in forcing variables lowers the loss and its terms add up")
  func weak() {
    let known = KnownTumor()
    let u = SpaceTimeField(slices: 40, shape: known.problem.grid.shape)
    let solver = WeakConstraint(
      known.problem, start: known.start, prior: .none, isParallel: true, field: u)
    var rule = WeakConstraint.Stopping()
    rule.discrepancy = 0
    rule.lossRatio = 0
    rule.outerSteps = 6
    solver.run(rule)
    let totals = solver.history.map(\.terms.total)
    #expect(totals.count > 2 && zip(totals, totals.dropFirst()).allSatisfy { $0 > $1 }, "\(totals)")
    #expect(totals[totals.count - 1] < 0.05 * totals[0], "\(totals)")
    let slow = ReferenceLoss(problem: known.problem)
      .terms((0..<40).map { u.slice($0).map(Double.init) }, solver.parameters)
    let reported = solver.history[solver.history.count - 1].terms
    #expect(abs(slow.total - reported.total) < 1e-3 * slow.total)
  }
}

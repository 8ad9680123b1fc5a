import Foundation
import Glioma
import Imaging
import Numerics
import Testing

@Suite("Discrete loss")
struct DiscreteLossTests {
  static let cases: [(UInt64, DiffusionScheme, Int)] = [
    (1, .correct, 1), (2, .compat, 1), (3, .correct, 3), (4, .compat, 1), (5, .compatForward, 1),
  ]

  @Test("The fused kernels agree with a slow double-precision evaluator", arguments: cases)
  func agreement(seed: UInt64, scheme: DiffusionScheme, foci: Int) {
    for hasPET in [true, false] {
      let random = RandomProblem(seed: seed, scheme: scheme, hasPET: hasPET, foci: foci)
      let fast = DiscreteLoss(random.problem).terms(of: random.field, parameters: random.parameters)
      let slow = ReferenceLoss(problem: random.problem).terms(random.fieldInDouble, random.parameters)
      for (name, (a, b)) in zip(LossTerms.names, zip(fast.values, slow.values)) {
        #expect(abs(a - b) <= 1e-5 * abs(b), "\(name): fast \(a), slow \(b), seed \(seed), \(scheme)")
      }
      #expect(slow.values.dropLast(2).allSatisfy { $0 > 0 })
    }
  }

  @Test("The gradient is that of the slow evaluator, by central differences in double", arguments: cases)
  func gradient(seed: UInt64, scheme: DiffusionScheme, foci: Int) {
    let random = RandomProblem(seed: seed, scheme: scheme, foci: foci)
    let slow = ReferenceLoss(problem: random.problem)
    let gradient = SpaceTimeField(slices: random.field.slices, shape: random.field.shape)
    let result = DiscreteLoss(random.problem)
      .terms(of: random.field, parameters: random.parameters, gradient: gradient)
    let field = random.fieldInDouble
    var stream = RandomStream(seed: seed, purpose: "cells")
    for slice in 0..<field.count {
      for _ in 0..<6 {
        let cell = stream.integer(0...(field[0].count - 1))
        var (up, down) = (field, field)
        up[slice][cell] += 1e-5
        down[slice][cell] -= 1e-5
        let expected =
          (slow.terms(up, random.parameters).total - slow.terms(down, random.parameters).total) / 2e-5
        let found = Double(gradient[slice][cell])
        let scale = (0..<field[0].count).map { abs(Double(gradient[slice][$0])) }.max() ?? 1
        #expect(abs(found - expected) < 1e-4 * scale, "slice \(slice), cell \(cell), seed \(seed)")
      }
    }
    let c = random.parameters.coefficients
    for index in c.indices {
      let step = 1e-5 * max(1, abs(c[index]))
      var (up, down) = (c, c)
      up[index] += step
      down[index] -= step
      let above = slow.terms(field, GrowthParameters(coefficients: up)).total
      let below = slow.terms(field, GrowthParameters(coefficients: down)).total
      let expected = (above - below) / (2 * step)
      #expect(
        abs(result.coefficients[index] - expected) < 1e-4 * max(abs(expected), 1),
        "coefficient \(index): \(result.coefficients[index]), expected \(expected), seed \(seed)")
    }
  }

  @Test("The sum does not depend on the number of threads")
  func threads() {
    let random = RandomProblem(seed: 9, scheme: .correct, shape: VoxelShape(24, 20, 18))
    let loss = DiscreteLoss(random.problem)
    let terms = [1, 2, 5].map { threads in
      Parallel.withThreads(threads) { loss.terms(of: random.field, parameters: random.parameters) }
    }
    #expect(terms[0] == terms[1] && terms[1] == terms[2])
  }
}

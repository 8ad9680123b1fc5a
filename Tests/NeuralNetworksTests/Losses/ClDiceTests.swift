import Foundation
import NeuralNetworks
import Numerics
import Testing

@Suite("Soft clDice")
struct ClDiceTests {
  /// The loss from its definition, in double, with windows as sets of neighbours.
  private func reference(_ p: [Double], _ t: [Double], _ shape: [Int], iterations: Int) -> Double {
    let volumes = shape[0]
    let size = Array(shape.suffix(3))
    let voxels = size.reduce(1, *)
    func window(_ x: [Double], _ offsets: [[Int]], _ choose: (Double, Double) -> Double) -> [Double] {
      (0..<voxels).map { i in
        let place = [i / (size[1] * size[2]), i / size[2] % size[1], i % size[2]]
        return offsets.compactMap { offset -> Double? in
          let other = (0..<3).map { place[$0] + offset[$0] }
          guard (0..<3).allSatisfy({ other[$0] >= 0 && other[$0] < size[$0] }) else { return nil }
          return x[(other[0] * size[1] + other[1]) * size[2] + other[2]]
        }.reduce(x[i], choose)
      }
    }
    let cube = (0..<27).map { [$0 / 9 - 1, $0 / 3 % 3 - 1, $0 % 3 - 1] }
    let cross = cube.filter { $0.map(abs).reduce(0, +) <= 1 }
    func skeleton(_ x: [Double]) -> [Double] {
      var (current, united) = (x, [Double](repeating: 0, count: voxels))
      for _ in 0...iterations {
        let eroded = window(current, cross, min)
        let opened = window(eroded, cube, max)
        for i in 0..<voxels { united[i] += max(0, current[i] - opened[i]) * (1 - united[i]) }
        current = eroded
      }
      return united
    }
    func split(_ x: [Double]) -> [[Double]] {
      (0..<volumes).map { Array(x[$0 * voxels..<($0 + 1) * voxels]) }
    }
    let sp = split(p).flatMap(skeleton)
    let st = split(t).flatMap(skeleton)
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let precision = (dot(sp, t) + 1) / (sp.reduce(0, +) + 1)
    let sensitivity = (dot(st, p) + 1) / (st.reduce(0, +) + 1)
    return 1 - 2 * precision * sensitivity / (precision + sensitivity)
  }

  @Test("Value and gradient equal the definition's and its finite differences", arguments: [0, 1, 3])
  func finiteDifferences(iterations: Int) {
    var random = RandomStream(seed: 5, purpose: "clDice", indices: iterations)
    let shape = [2, 1, 4, 5, 18]
    let count = shape.reduce(1, *)
    // Distinct values at least 1e-3 apart: the loss has no kink within a finite step.
    let order = (0..<count).map { _ in random.uniform() }.enumerated().sorted { $0.element < $1.element }
    var prediction = [Float](repeating: 0, count: count)
    for (rank, entry) in order.enumerated() {
      prediction[entry.offset] = 0.02 + 0.96 * Float(rank) / Float(count)
    }
    let target = (0..<count).map { _ in random.chance(0.6) ? Float(1) : 0 }
    let result = ClDiceLoss(iterations: iterations)(prediction, target: target, shape: shape)
    let (x, t) = (prediction.map(Double.init), target.map(Double.init))
    let function: LossReference.Function = { reference($0, $1, shape, iterations: iterations) }
    #expect(abs(result.value - function(x, t)) < 1e-6)
    let some = Array(Set((0..<60).map { _ in random.integer(0...count - 1) })).sorted()
    let slopes = LossReference.gradient(function, x, t, at: some).map { Float($0) }
    #expect(relativeError(some.map { result.gradient[$0] }, slopes) < 1e-4)
  }

  @Test("A straight tube scores near 0 against itself and near 1 against an empty prediction")
  func tube() {
    let (n, radius) = (24, 3)
    let label: [Float] = (0..<n * n * n).map { i in
      let (y, x) = (i / n % n - n / 2, i % n - n / 2)
      return x * x + y * y <= radius * radius ? 1 : 0
    }
    let loss = ClDiceLoss(iterations: 5)
    #expect(loss(label, target: label, shape: [1, 1, n, n, n]).value < 0.01)
    let empty = [Float](repeating: 0, count: label.count)
    #expect(loss(empty, target: label, shape: [1, 1, n, n, n]).value > 0.9)
  }

  @Test("Logits give the chain rule's gradient")
  func logits() {
    var random = RandomStream(seed: 9, purpose: "clDice logits")
    let logits = (0..<2 * 6 * 7 * 8).map { _ in random.normal() }
    let target = logits.map { _ in random.chance(0.5) ? Float(1) : 0 }
    let shape = [2, 1, 6, 7, 8]
    let p = logits.map { 1 / (1 + Float(exp(-Double($0)))) }
    let direct = ClDiceLoss()(p, target: target, shape: shape)
    let chained = ClDiceLoss(on: .logits)(logits, target: target, shape: shape)
    #expect(abs(direct.value - chained.value) < 1e-6)
    #expect(relativeError(chained.gradient, zip(direct.gradient, p).map { $0 * $1 * (1 - $1) }) < 1e-5)
  }
}

import ImageAnalysis
import Imaging
import Metrics
import Numerics
import Testing

@Suite("Detection scores") struct DetectionTests {
  @Test("The assignment is the cheapest of all permutations", arguments: 0..<40) func assignment(seed: Int) {
    var stream = RandomStream(seed: UInt64(seed), purpose: "assignment")
    let (rows, columns) = (stream.integer(1...5), stream.integer(1...5))
    let costs = (0..<rows).map { _ in (0..<columns).map { _ in Double(stream.integer(0...20)) - 5 } }
    func cheapest(_ row: Int, _ free: Set<Int>, _ skips: Int) -> Double {
      if row == rows { return 0 }
      var best = skips > 0 ? cheapest(row + 1, free, skips - 1) : .infinity
      for column in free {
        best = min(best, costs[row][column] + cheapest(row + 1, free.subtracting([column]), skips))
      }
      return best
    }
    let choice = minimumCostAssignment(costs)
    let used = choice.compactMap(\.self)
    #expect(used.count == min(rows, columns) && Set(used).count == used.count)
    let total = zip(costs, choice).reduce(0.0) { sum, pair in sum + (pair.1.map { pair.0[$0] } ?? 0) }
    #expect(total == cheapest(0, Set(0..<columns), max(0, rows - columns)), "seed \(seed)")
  }

  @Test("The optimal pairing keeps two pairs where the greedy one keeps one") func pairing() {
    let predicted: [SIMD2<Double>] = [[0, 0], [4, 0]]
    let reference: [SIMD2<Double>] = [[3, 0], [8, 0]]
    let optimal = PointMatching(predicted: predicted, reference: reference, radius: 4)
    #expect(optimal.counts == DetectionCounts(truePositives: 2, falsePositives: 0, falseNegatives: 0))
    #expect(optimal.meanDistance == 3.5)
    let chain = PointMatching.greedy(predicted: predicted, reference: [[3, 0], [-3.5, 0]], radius: 3.4)
    #expect(chain.counts == DetectionCounts(truePositives: 1, falsePositives: 1, falseNegatives: 1))
    #expect(PointMatching(predicted: [], reference: reference, radius: 4).counts.falseNegatives == 2)
  }

  @Test("Shifted squares have the IoU of their overlap") func instances() {
    var (one, other) = (
      Plane<UInt16>(width: 20, height: 12, filledWith: 0), Plane<UInt16>(width: 20, height: 12, filledWith: 0)
    )
    for y in 0..<10 {
      for x in 0..<10 {
        one[x, y] = 7
        other[x + 2, y] = 3
      }
    }
    other[19, 11] = 4
    let matching = InstanceMatching(predicted: one, reference: other)
    #expect(matching.overlaps.map(\.iou) == [80.0 / 120])
    #expect(
      matching.counts(iou: 0.6) == DetectionCounts(truePositives: 1, falsePositives: 0, falseNegatives: 1))
    #expect(matching.counts(iou: 0.6).jaccard == 0.5)
    #expect(matching.counts(iou: 0.7).jaccard == 0)
    #expect(matching.panopticQuality == 80.0 / 120 / 1.5)
    #expect(InstanceMatching(predicted: one, reference: one).counts(iou: 0.9).jaccard == 1)
  }

  @Test("Clump scores count errors and exact clumps") func clumps() {
    let scores = ClumpScores([
      .init(expected: 2, counts: .init(truePositives: 2, falsePositives: 0, falseNegatives: 0)),
      .init(expected: 5, counts: .init(truePositives: 3, falsePositives: 1, falseNegatives: 2)),
    ])
    #expect(scores.exactRate == 0.5 && scores.meanCountError == 0.5 && scores.counts.jaccard == 0.625)
    #expect(scores.bySize[4]?.clumps.count == 1 && ClumpScores([]).exactRate == nil)
  }

  @Test("Missed and invented ellipses lower the ellipse Jaccard index") func ellipses() {
    let circle = Ellipse(center: .zero, semiAxes: [10, 10], angle: 0)
    let far = circle.moved(by: [100, 0])
    #expect(ellipseJaccard(predicted: [circle, far], reference: [far, circle]) == 1)
    #expect(ellipseJaccard(predicted: [circle], reference: [circle, far]) == 0.5)
    #expect(ellipseJaccard(predicted: [], reference: []) == nil)
  }

  @Test("A bootstrap interval holds the estimate and shrinks with the sample") func bootstrap() throws {
    func width(_ count: Int) throws -> Double {
      let interval = try #require(
        BootstrapInterval(over: (0..<count).map { Double($0 % 2) }, level: 0.95, resamples: 500, seed: 1) {
          $0.reduce(0, +) / Double($0.count)
        })
      #expect(interval.lower <= interval.estimate && interval.estimate <= interval.upper)
      return interval.upper - interval.lower
    }
    // The standard error of a share of one half is 0.5 / √n; ±1.96 of them.
    #expect(abs(try width(400) - 2 * 1.96 * 0.025) < 0.02)
    #expect(try width(400) < width(40))
    #expect(BootstrapInterval(over: [Int](), level: 0.95, resamples: 9, seed: 1) { _ in 1 } == nil)
  }
}

import Imaging
import Metrics
import Numerics
import Testing

@Suite("Ranking")
struct RankingTests {
  static func line<Scalar>(_ values: [Scalar]) -> Volume<Scalar> {
    Volume(grid: VoxelGrid(shape: VoxelShape(values.count, 1, 1)), voxels: values)
  }

  @Test("Areas counted by hand, with ties")
  func byHand() throws {
    // scikit-learn's example: AUC 0.75, average precision 0.83.
    let scores = try RankingScores(
      probability: Self.line([0.1, 0.4, 0.35, 0.8]), reference: Self.line([0, 0, 1, 1]))
    #expect(scores.areaUnderROC == 0.75)
    let precision: Double = 0.5 + 0.5 * 2 / 3
    #expect(abs(try #require(scores.averagePrecision) - precision) < 1e-15)
    let tied = try RankingScores(
      probability: Self.line([0.5, 0.5, -0.0, 0]), reference: Self.line([1, 0, 0, 1]))
    #expect(tied.areaUnderROC == 0.5 && tied.averagePrecision == 0.5)
  }

  @Test("Areas equal a comparison of all pairs", arguments: [1, 2, 3] as [UInt64])
  func allPairs(seed: UInt64) throws {
    var stream = RandomStream(seed: seed, purpose: "ranking")
    let values = (0..<300).map { _ in (stream.normal() * 4).rounded() / 4 }
    let mask = values.map { UInt8(stream.chance($0 > 0 ? 0.7 : 0.2) ? 1 : 0) }
    let scores = try RankingScores(probability: Self.line(values), reference: Self.line(mask))
    let inside = zip(values, mask).filter { $1 != 0 }.map(\.0)
    let outside = zip(values, mask).filter { $1 == 0 }.map(\.0)
    var (wins, precision) = (0.0, 0.0)
    for a in inside {
      for b in outside {
        if a > b { wins += 1 } else if a == b { wins += 0.5 }
      }
      let (hits, all) = (inside.count { $0 >= a }, values.count { $0 >= a })
      precision += Double(hits) / Double(all)
    }
    #expect(abs(try #require(scores.areaUnderROC) - wins / Double(inside.count * outside.count)) < 1e-12)
    #expect(abs(try #require(scores.averagePrecision) - precision / Double(inside.count)) < 1e-12)
  }

  @Test("An empty reference has no ranking, and NaN is refused")
  func undefined() throws {
    let empty = try RankingScores(probability: Self.line([0.1, 0.2]), reference: Self.line([0, 0]))
    #expect(empty.areaUnderROC == nil && empty.averagePrecision == nil)
    let full = try RankingScores(probability: Self.line([0.1, 0.2]), reference: Self.line([1, 1]))
    #expect(full.areaUnderROC == nil && full.averagePrecision == 1)
    #expect(throws: MetricsError.notANumber(count: 1)) {
      try RankingScores(probability: Self.line([0.1, .nan]), reference: Self.line([1, 0]))
    }
  }
}

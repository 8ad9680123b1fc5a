import Numerics

/// A percentile bootstrap interval (Efron, 1979).
public struct BootstrapInterval: Sendable, Hashable, Codable {
  /// The score of the sample itself.
  public let estimate: Double
  /// The lower end.
  public let lower: Double
  /// The upper end.
  public let upper: Double

  /// Resamples whole units (images, subjects: what is independent), scores each resample, and takes percentiles.
  ///
  /// Resamples without a score (nil) are left out; nil where the sample itself has none.
  /// - Parameters:
  ///   - units: One element for each independent unit.
  ///   - level: The share of resamples inside, such as 0.95.
  ///   - score: The score of units together, such as a ratio of summed counts.
  public init?<Unit>(
    over units: [Unit], level: Double, resamples: Int, seed: UInt64, score: ([Unit]) -> Double?
  ) {
    guard let estimate = score(units), !units.isEmpty else { return nil }
    var stream = RandomStream(seed: seed, purpose: "bootstrap")
    let scores = (0..<resamples).compactMap { _ in
      score(units.map { _ in units[stream.integer(0...(units.count - 1))] })
    }.sorted()
    func quantile(_ share: Double) -> Double {
      guard let last = scores.indices.last else { return estimate }
      let place = share * Double(last)
      let low = Int(place)
      return scores[low] + (place - Double(low)) * (scores[min(low + 1, last)] - scores[low])
    }
    self.estimate = estimate
    lower = quantile((1 - level) / 2)
    upper = quantile((1 + level) / 2)
  }
}

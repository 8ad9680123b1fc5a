import Numerics

/// Whole slides for training and whole slides for testing.
///
/// Neighbours on one slide share stain, light and often disease: cells of one slide on both sides would let a classifier
/// know the slide instead of the cell.
public struct SlideSplit: Sendable, Hashable {
  /// The slides to learn from, sorted.
  public let training: [String]
  /// The slides to test on, sorted.
  public let testing: [String]

  /// Splits so that every class is on both sides where its slides allow it and the shares of cells come near to
  /// `testingShare`: slides are taken in random order, and one goes to the side that misses more of its rarest class.
  ///
  /// - Parameters:
  ///   - counts: For each slide the number of cells of each class; all lists equally long.
  ///   - testingShare: The share of every class wanted for testing, in 0...1.
  public init(counts: [String: [Int]], testingShare: Double, seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: "slide split")
    let slides = counts.keys.sorted().shuffled(using: &stream)
    let classes = counts.values.map(\.count).max() ?? 0
    let totals = (0..<classes).map { c in counts.values.reduce(0) { $0 + $1[c] } }
    // Slides of rare classes first: later ones can even out the rest.
    func rarest(_ slide: String) -> Int {
      (0..<classes).filter { (counts[slide]?[$0] ?? 0) > 0 }.min { totals[$0] < totals[$1] } ?? 0
    }
    func rank(_ slide: String) -> Int { classes == 0 ? 0 : totals[rarest(slide)] }
    let ordered = slides.enumerated().sorted {
      (rank($0.element), $0.offset) < (rank($1.element), $1.offset)
    }.map(\.element)
    var taken = [Int](repeating: 0, count: classes)
    var (training, testing): ([String], [String]) = ([], [])
    for slide in ordered {
      let own = counts[slide] ?? []
      // How far testing would be from its share of every class, with and without the slide.
      func deviation(_ added: Int) -> Double {
        (0..<classes).reduce(0.0) { sum, c in
          guard totals[c] > 0 else { return sum }
          let share = Double(taken[c] + added * own[c]) / Double(totals[c]) - testingShare
          return sum + share * share
        }
      }
      if deviation(1) < deviation(0) {
        testing.append(slide)
        for c in 0..<classes { taken[c] += own[c] }
      } else {
        training.append(slide)
      }
    }
    self.training = training.sorted()
    self.testing = testing.sorted()
  }
}

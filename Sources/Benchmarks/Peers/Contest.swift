import Foundation

/// The same work by this package and by a Python program, in turns.
struct Contest {
  /// What one side found in one round.
  struct Round: Decodable {
    /// Seconds, by what took them.
    var seconds: [String: Double]
    /// Results that both sides should agree on.
    var values: [String: Double]?
  }

  /// The Python program in `Programs`.
  var program: String
  var arguments: [String]
  /// What the work is done on, as in "192×224×128 voxels".
  var subject: String
  /// Whether a first round of both sides is left out.
  var warmsUp = true
  /// One round of our side, without what needs to be done only once.
  var round: () throws -> Round
  /// How far the two results lie apart, where single numbers do not tell.
  var differences: ((PeerProgram) throws -> [String: Double])?

  /// Both sides take `rounds` turns.
  func run(against program: PeerProgram, rounds: Int) throws -> Comparison {
    var (ours, theirs): ([Round], [Round]) = ([], [])
    for turn in 0..<rounds + (warmsUp ? 1 : 0) {
      let (our, their) = (try round(), try program.ask("round", Round.self))
      if turn == 0 && warmsUp { continue }
      ours.append(our)
      theirs.append(their)
    }
    guard Set(ours[0].seconds.keys) == Set(theirs[0].seconds.keys) else {
      throw PeerError.failed(
        program: self.program, lastLines: "it measured \(theirs[0].seconds.keys.sorted())")
    }
    let rows = ours[0].seconds.keys.sorted().map { name in
      Comparison.Row(
        subject: subject, name: name, ours: ours.compactMap { $0.seconds[name] },
        python: theirs.compactMap { $0.seconds[name] })
    }
    let values = (ours[0].values ?? [:]).sorted { $0.key < $1.key }.compactMap { name, value in
      theirs[0].values?[name].map { Comparison.Value(name: name, ours: value, python: $0) }
    }
    return Comparison(
      subject: subject, packages: program.packages, rounds: rounds, rows: rows, values: values,
      differences: try differences?(program) ?? [:])
  }
}

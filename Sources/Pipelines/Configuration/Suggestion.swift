/// The candidate closest to `word` by edit distance, if close enough to be a slip of the keyboard.
package func closest(to word: String, among candidates: [String]) -> String? {
  let scored = candidates.map { ($0, editDistance(word.lowercased(), $0.lowercased())) }
  guard let best = scored.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }) else { return nil }
  return best.1 <= max(1, max(word.count, best.0.count) / 3) ? best.0 : nil
}

/// `; did you mean 'x'?`, or nothing where no candidate is close.
package func didYouMean(_ word: String, among candidates: [String]) -> String {
  closest(to: word, among: candidates).map { "; did you mean '\($0)'?" } ?? ""
}

/// The number of insertions, deletions, substitutions and swaps of neighbours that turn one word into the other
/// (optimal string alignment).
package func editDistance(_ first: String, _ second: String) -> Int {
  let (a, b) = (Array(first.prefix(100)), Array(second.prefix(100)))
  var table = [[Int]](repeating: Array(0...b.count), count: a.count + 1)
  for i in 0...a.count { table[i][0] = i }
  guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
  for i in 1...a.count {
    for j in 1...b.count {
      let substitution = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
      table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, substitution)
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
        table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
      }
    }
  }
  return table[a.count][b.count]
}

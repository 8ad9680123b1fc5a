/// How scores are ordered, averaged and written.
public enum ScoreTable {
  /// The scores people look for first.
  private static let first = [
    "dice", "iou", "precision", "recall", "cldice", "centreline_precision",
    "centreline_sensitivity", "hd95_mm",
    "assd_mm", "nsd", "volume_similarity", "betti0_error", "betti1_error",
  ]

  /// `names` in the order of a table: the well-known ones, then the rest by name.
  public static func ordered(_ names: Set<String>) -> [String] {
    first.filter(names.contains) + names.subtracting(first).sorted()
  }

  /// The mean of each score over the cases where it is defined (null where nowhere), and in how many it is not.
  public static func means(
    of cases: [[String: Double?]]
  ) -> (mean: [String: Double?], undefined: [String: Int]) {
    var mean: [String: Double?] = [:]
    var undefined: [String: Int] = [:]
    for name in Set(cases.flatMap(\.keys)) {
      let scores = cases.compactMap { $0[name] }
      let values = scores.compactMap { $0 }
      mean[name] = .some(values.isEmpty ? nil : values.reduce(0, +) / Double(values.count))
      if values.count < scores.count { undefined[name] = scores.count - values.count }
    }
    return (mean, undefined)
  }

  /// A score in a table: all its digits, `n/a` where undefined.
  public static func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "n/a" }
}

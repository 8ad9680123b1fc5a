import Foundation

/// What a batch asks a cluster for: `cluster:` in a pipeline's YAML, or the flags of `batch --engine slurm`.
///
/// ```yaml
/// cluster:
///   partition: long
///   time: 02:00:00
///   cpus: 4
///   tasks_at_once: 20
///   options: [--account=neuro, --qos=low]
/// ```
public struct ClusterSettings: Parametrized, Hashable {
  /// The name of the scheduler.
  public static let name = "slurm"
  /// What it is.
  public static let summary = "What a Slurm job of one case asks for."
  /// The keys in YAML.
  public static let parameters = [
    Parameter("partition", \ClusterSettings.partition, "the partition (default: the cluster's)"),
    Parameter("time", \ClusterSettings.time, "the time limit of a task, such as 02:00:00 or 1-12"),
    Parameter(
      "memory", \ClusterSettings.memory, "the memory of a task, such as 8G (default: the pipeline's estimate)"
    ),
    Parameter("cpus", \ClusterSettings.cpus, "the cores of a task", in: 1...4096),
    Parameter("tasks_at_once", \ClusterSettings.tasksAtOnce, "how many tasks may run at once (default: all)"),
    Parameter("options", \ClusterSettings.options, "further options of sbatch, such as --account=NAME"),
  ]

  /// The partition.
  public var partition: String?
  /// The time limit as Slurm writes it.
  public var time: String?
  /// The memory as Slurm writes it; nil for the estimate.
  public var memory: String?
  /// The cores of a task.
  public var cpus = 1
  /// How many tasks may run at once; nil for all.
  public var tasksAtOnce: Int?
  /// Further options of `sbatch`, each one word such as `--account=NAME`.
  public var options: [String] = []

  /// Nothing but one core.
  public init() {}

  /// Throws ``WrongValue`` where Slurm could not understand a value.
  public func validate() throws {
    if let partition, !Self.isWord(partition) {
      throw WrongValue(found: partition, expected: "partition: the name of a partition, in one word")
    }
    if let time, Self.seconds(time) == nil {
      throw WrongValue(
        found: time,
        expected: "time: MINUTES, MINUTES:SECONDS, HOURS:MINUTES:SECONDS or DAYS-HOURS[:MINUTES[:SECONDS]]")
    }
    if let memory, Self.mebibytes(memory) == nil {
      throw WrongValue(found: memory, expected: "memory: a number with K, M, G or T, such as 8G")
    }
    if let tasksAtOnce, tasksAtOnce < 1 {
      throw WrongValue(found: "\(tasksAtOnce)", expected: "tasks_at_once: at least 1")
    }
    for option in options where !option.hasPrefix("-") || option.contains(where: \.isNewline) {
      throw WrongValue(found: option, expected: "options: options of sbatch, such as --account=NAME")
    }
  }

  /// The time limit in seconds; nil without one.
  var timeLimit: Int? { time.flatMap(Self.seconds) }

  /// Reads a time as `sbatch --time` does; nil where it is none.
  static func seconds(_ text: String) -> Int? {
    let days = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let parts = (days.last ?? "").split(separator: ":", omittingEmptySubsequences: false).map { part in
      part.allSatisfy(\.isNumber) ? Int(part) : nil
    }
    guard (1...3).contains(parts.count), parts.allSatisfy({ $0 != nil && ($0 ?? 0) < 1_000_000 }) else {
      return nil
    }
    let values = parts.compactMap { $0 }
    if days.count == 2 {
      guard let day = Int(days[0]), (0...10_000).contains(day) else { return nil }
      let units = [3600, 60, 1]
      return day * 86_400 + zip(values, units).map { $0 * $1 }.reduce(0, +)
    }
    switch values.count {
    case 1: return values[0] * 60
    case 2: return values[0] * 60 + values[1]
    default: return values[0] * 3600 + values[1] * 60 + values[2]
    }
  }

  /// Reads a memory size as `sbatch --mem` does, whose unit is MiB where none is given; nil where it is none.
  static func mebibytes(_ text: String) -> Int? {
    let units: [Character: Double] = ["K": 1.0 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024]
    let unit = text.last.flatMap { units[Character($0.uppercased())] }
    guard let number = Int(unit == nil ? text[...] : text.dropLast()), (1...1_000_000_000).contains(number)
    else {
      return nil
    }
    return Int((Double(number) * (unit ?? 1)).rounded(.up))
  }

  private static func isWord(_ text: String) -> Bool {
    !text.isEmpty && !text.contains { $0.isWhitespace || $0 == "\"" || $0 == "\\" }
  }
}

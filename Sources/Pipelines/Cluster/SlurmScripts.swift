import Foundation

/// The two scripts of a batch on Slurm, as text to be read: an array with one task a case (a few cases, where there are
/// more than an array may have tasks), and a job after it that writes the summary.
///
/// `sbatch --signal=B:TERM@S` tells the script before the time limit; the program then finishes or drops the stage it
/// is in and ends with 75, and the script puts the task back into the queue. Finished stages are not computed again.
public struct SlurmScripts: Sendable {
  /// The program.
  public var executable: URL
  /// The words after `batch`: pipeline, folder, `--output` and the rest, without shard and threads.
  public var arguments: [String]
  /// The name of the pipeline.
  public var pipeline: String
  /// How many cases there are.
  public var caseCount: Int
  /// Into how many parts they are divided.
  public var parts: Int
  /// The folder of results.
  public var output: URL
  /// The working directory.
  public var workingDirectory: URL
  /// What a task asks for.
  public var settings: ClusterSettings
  /// The memory of a task, in MiB.
  public var memoryMiB: Int

  /// The scripts of a batch in `parts`.
  package init(
    executable: URL, arguments: [String], pipeline: String, caseCount: Int, parts: Int, output: URL,
    workingDirectory: URL, settings: ClusterSettings, memoryMiB: Int
  ) {
    self.executable = executable
    self.arguments = arguments
    self.pipeline = pipeline
    self.caseCount = caseCount
    self.parts = parts
    self.output = output
    self.workingDirectory = workingDirectory
    self.settings = settings
    self.memoryMiB = memoryMiB
  }

  /// The folder of scripts and logs.
  public static func folder(in output: URL) -> URL {
    output.appendingPathComponent("slurm", isDirectory: true)
  }

  /// How often a task that is interrupted or killed goes back into the queue.
  static let mostRestarts = 5

  /// The script of the array; `tasks` are the parts to do.
  /// - Throws: ``PipelineError/usage(_:)`` where a path cannot stand in a line of sbatch.
  public func array(tasks: [Int]) throws -> String {
    let limit = settings.tasksAtOnce.map { "%\($0)" } ?? ""
    let perTask =
      parts == caseCount ? "one task a case" : "about \((caseCount + parts - 1) / parts) cases a task"
    return """
      #!/bin/bash
      # \(caseCount) cases through \(pipeline), \(perTask). Written by malpighi \(packageVersion).
      \(try options("malpighi-\(pipeline)", log: "%A_%a.log"))
      #SBATCH --array=\(Self.ranges(tasks))\(limit)
      #SBATCH --cpus-per-task=\(settings.cpus)
      #SBATCH --mem=\(memoryMiB)M
      #SBATCH --requeue
      # Before the time limit the program is asked to stop; what it has finished stays.
      #SBATCH --signal=B:TERM@\(warning)

      # Part I of \(parts) is every \(parts)-th case of the folder, from the I-th.
      \(Self.quoted([executable.path, "batch"] + arguments)) \\
        --shard "$SLURM_ARRAY_TASK_ID/\(parts)" --threads "$SLURM_CPUS_PER_TASK" --no-summary &
      program=$!
      trap 'kill -TERM $program' TERM
      wait $program; code=$?
      # A signal ends the first wait, not the program.
      while kill -0 $program 2>/dev/null; do wait $program; code=$?; done

      # Interrupted (75) or killed: back into the queue, to go on from there; but not after scancel, and not for ever.
      if { [ $code = 75 ] || [ $code -gt 128 ]; } && [ "${SLURM_RESTART_COUNT:-0}" -lt \(Self.mostRestarts) ] &&
        [ "$(squeue --noheader --format=%T --job="$SLURM_JOB_ID")" = RUNNING ]; then
        scontrol requeue "$SLURM_JOB_ID"
      fi
      exit $code

      """
  }

  /// The script of the summary.
  public func summary() throws -> String {
    """
    #!/bin/bash
    # The summary of all cases, when the array is over however its tasks ended. Written by malpighi \(packageVersion).
    \(try options("malpighi-\(pipeline)-summary", log: "%j.summary.log"))
    #SBATCH --cpus-per-task=1
    #SBATCH --mem=\(max(256, 128 + caseCount / 50))M

    \(Self.quoted([executable.path, "report", output.path])) --index-only

    """
  }

  /// The lines both scripts have.
  private func options(_ name: String, log: String) throws -> String {
    let folder = Self.folder(in: output).path
    var lines = [
      "--job-name=\(name)", "--chdir=\(try Self.word(workingDirectory.path))",
      // A percent sign begins a field in the name of a log.
      "--output=\(try Self.word(folder.replacingOccurrences(of: "%", with: "%%") + "/" + log))",
      "--open-mode=append", "--nodes=1", "--ntasks=1",
    ]
    if let partition = settings.partition { lines.append("--partition=\(partition)") }
    if let time = settings.time { lines.append("--time=\(time)") }
    return (lines + settings.options).map { "#SBATCH \($0)" }.joined(separator: "\n")
  }

  /// How many seconds before the time limit the program is asked to stop: two minutes, of a short limit less.
  private var warning: Int { min(120, (settings.timeLimit ?? .max) / 4) }

  /// A path in a line of sbatch, which knows double quotes but no escapes in them.
  private static func word(_ path: String) throws -> String {
    guard !path.contains(where: { $0 == "\"" || $0 == "\\" || $0.isNewline }) else {
      throw PipelineError.usage(
        "\(path): sbatch cannot be given a path with quotes, backslashes or line breaks")
    }
    return path.contains(where: \.isWhitespace) || path.contains("#") || path.contains("'")
      ? "\"\(path)\"" : path
  }

  /// Words for the shell, quoted where they need it.
  static func quoted(_ words: [String]) -> String {
    words.map { word in
      let isPlain = !word.isEmpty && word.utf8.allSatisfy { isPlainByte($0) }
      return isPlain ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }

  private static func isPlainByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-_./=:,+@%".utf8.contains(byte)
    }
  }

  /// `1-3,5,7-9` of rising numbers.
  static func ranges(_ numbers: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = ranges.last, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }
}

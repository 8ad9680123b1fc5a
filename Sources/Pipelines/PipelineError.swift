/// Why a pipeline, a batch or a command stopped. Each case names the class of fault, which decides the exit code;
/// its text is one line: what file, what is wrong, found against expected, what to do.
public enum PipelineError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The command line does not make sense: exit 64.
  case usage(String)
  /// An input is damaged or does not fit: exit 65.
  case badData(String)
  /// An input is not there: exit 66.
  case noInput(String)
  /// A fault of this program, or a computation that diverged: exit 70.
  case internalFault(String)
  /// An output cannot be created: exit 73.
  case cannotCreate(String)
  /// Reading or writing failed half-way: exit 74.
  case inputOutput(String)
  /// Stopped by a signal; the same command resumes: exit 75.
  case interrupted(String)
  /// Another process works on it: exit 75; the same command later goes on.
  case claimed(String)
  /// A pipeline file or a `--set` is wrong: exit 78.
  case configuration(String)

  /// The message.
  public var description: String {
    switch self {
    case .usage(let text), .badData(let text), .noInput(let text), .internalFault(let text),
      .cannotCreate(let text), .inputOutput(let text), .interrupted(let text), .claimed(let text),
      .configuration(let text):
      text
    }
  }
}

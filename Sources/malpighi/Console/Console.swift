import Foundation

/// Standard output for results, standard error for everything else.
enum Console {
  /// Print a result. A reader that has gone away (`| head`) is no fault: the rest is dropped quietly.
  static func out(_ text: String, terminator: String = "\n") {
    write(text + terminator, to: STDOUT_FILENO)
  }

  /// Print a message.
  static func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

  /// Print a warning.
  static func warning(_ text: String) { note("warning: \(oneLine(text))") }

  /// Print an error, as one line.
  static func error(_ text: String) { note("error: \(oneLine(text))") }

  /// Whether standard error is a terminal that understands moving the cursor.
  static let isTerminal: Bool =
    isatty(STDERR_FILENO) == 1
    && ProcessInfo.processInfo.environment["TERM"].map { $0 != "dumb" && !$0.isEmpty } ?? false

  /// Whether to use colour.
  static let usesColor: Bool =
    isTerminal && ProcessInfo.processInfo.environment["NO_COLOR"].map(\.isEmpty) ?? true

  /// The width of the terminal.
  static var columns: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
      ? Int(size.ws_col) : 80
  }

  static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
    }
  }

  private static func oneLine(_ text: String) -> String {
    text.replacingOccurrences(of: "\r", with: "\\r").replacingOccurrences(of: "\n", with: "\\n")
  }
}

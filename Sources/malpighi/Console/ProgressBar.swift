import Foundation
import Synchronization

/// How far the work has come: a bar with the time left on a terminal, plain lines otherwise.
final class ProgressBar: Sendable {
  private struct State {
    var label = ""
    var fraction = 0.0
    var start = ContinuousClock.now
    var isShown = false
    var lastDrawn: ContinuousClock.Instant?
  }

  private let state = Mutex(State())
  private let isQuiet: Bool

  /// A bar; a quiet one shows warnings only.
  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  /// A new piece of work begins; the time left is estimated from here.
  func begin(_ label: String) {
    guard !isQuiet else { return }
    state.withLock {
      $0.label = label
      $0.fraction = 0
      $0.start = .now
      if Console.isTerminal { draw(&$0, now: true) } else { Console.note(label) }
    }
  }

  /// `fraction` of the work is done.
  func update(_ fraction: Double, _ label: String? = nil) {
    guard !isQuiet, Console.isTerminal else { return }
    state.withLock {
      $0.fraction = fraction
      if let label { $0.label = label }
      draw(&$0, now: false)
    }
  }

  /// A line that stays, above the bar.
  func say(_ text: String) {
    guard !isQuiet else { return }
    state.withLock {
      erase(&$0)
      Console.note(text)
    }
  }

  /// A warning; shown also by a quiet bar.
  func warn(_ text: String) {
    state.withLock {
      erase(&$0)
      Console.warning(text)
    }
  }

  /// The bar goes away.
  func end() { state.withLock { erase(&$0) } }

  private func erase(_ state: inout State) {
    guard state.isShown else { return }
    Console.write("\r\u{1B}[K", to: STDERR_FILENO)
    state.isShown = false
  }

  private func draw(_ state: inout State, now: Bool) {
    if !now, let last = state.lastDrawn, ContinuousClock.now - last < .milliseconds(80) { return }
    state.lastDrawn = .now
    let cells = 24
    let filled = Int((state.fraction * Double(cells)).rounded(.down))
    let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: cells - filled)
    let percent = "\(Int(state.fraction * 100))%"
    let tail =
      " \(String(repeating: " ", count: max(0, 4 - percent.count)))\(percent)\(timeLeft(state))"
    let room = Console.columns - cells - tail.count - 2
    let label = String(state.label.prefix(max(0, room)))
    let colored = Console.usesColor ? "\u{1B}[36m\(bar)\u{1B}[0m" : bar
    Console.write("\r\u{1B}[K\(colored)\(tail) \(label)", to: STDERR_FILENO)
    state.isShown = true
  }

  private func timeLeft(_ state: State) -> String {
    let elapsed = Double((ContinuousClock.now - state.start).components.seconds)
    guard state.fraction > 0.02, elapsed >= 1 else { return "" }
    let left = Int((elapsed * (1 - state.fraction) / state.fraction).rounded())
    return left < 60 ? " \(left) s left" : " \(left / 60) min \(left % 60) s left"
  }
}

import Dispatch
import Foundation
import Synchronization

/// Whether the user or the scheduler has asked this process to stop.
public enum Interruption {
  private static let requested = Atomic<Bool>(false)
  private static let leftovers = Mutex<Set<String>>([])
  private static let sources = Mutex<[any DispatchSourceSignal]>([])

  /// Whether to stop at the next good moment.
  public static var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Ask to stop.
  public static func request() { requested.store(true, ordering: .relaxed) }

  /// Forget the request; for tests.
  package static func reset() { requested.store(false, ordering: .relaxed) }

  /// From now on SIGTERM and SIGINT ask to stop. Work that has not stopped after `grace` seconds, or at a second signal,
  /// is thrown away: what is half-built is removed and the process ends with code 75.
  public static func listen(grace: Double) {
    sources.withLock { sources in
      guard sources.isEmpty else { return }
      for number in [SIGTERM, SIGINT] {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(
          signal: number, queue: .global(qos: .userInteractive))
        source.setEventHandler {
          if isRequested { abandon() }
          request()
          DispatchQueue.global(qos: .userInteractive).asyncAfter(deadline: .now() + grace) {
            abandon()
          }
        }
        source.resume()
        sources.append(source)
      }
    }
  }

  /// Name a file or folder that must not stay behind if the process is made to end.
  static func guardAgainst(_ url: URL) { leftovers.withLock { _ = $0.insert(url.path) } }

  /// It is gone or in order.
  static func release(_ url: URL) { leftovers.withLock { _ = $0.remove(url.path) } }

  private static func abandon() -> Never {
    for path in leftovers.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
    _exit(Int32(ExitStatus.interrupted.rawValue))
  }
}

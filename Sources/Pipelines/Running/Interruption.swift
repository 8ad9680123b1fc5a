import Synchronization

/// Whether the user or the scheduler has asked this process to stop.
public enum Interruption {
  private static let requested = Atomic<Bool>(false)

  /// Whether to stop at the next good moment.
  public static var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Ask to stop.
  public static func request() { requested.store(true, ordering: .relaxed) }

  /// Forget the request; for tests.
  package static func reset() { requested.store(false, ordering: .relaxed) }
}

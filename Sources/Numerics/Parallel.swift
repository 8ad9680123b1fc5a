import Dispatch
import Foundation
import Synchronization

/// Loops over the cores of this machine.
///
/// Work is cut into contiguous slabs whose borders depend on the range and the number of slabs only, so a reduction
/// that adds the slabs' results in order gives the same bytes for the same number of threads.
public enum Parallel {
  private static let chosenThreads = Atomic<Int>(0)
  @TaskLocal private static var scopedThreads: Int?

  /// The number of threads a parallel loop uses: that of ``withThreads(_:_:)``, else what was set, else
  /// `OMP_NUM_THREADS`, else the cores available.
  public static var threads: Int {
    get {
      if let scopedThreads { return scopedThreads }
      let chosen = chosenThreads.load(ordering: .relaxed)
      return chosen > 0 ? chosen : defaultThreads
    }
    set { chosenThreads.store(max(1, newValue), ordering: .relaxed) }
  }

  /// Run `body` with `count` threads a loop. What other threads of the process start meanwhile is not affected, nor is it
  /// inside the loops themselves.
  public static func withThreads<Value, Failure: Error>(
    _ count: Int, _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    // A typed error cannot leave the closure; it is carried out as a value.
    try $scopedThreads.withValue(max(1, count)) {
      Result { () throws(Failure) in try body() }
    }.get()
  }

  private static let defaultThreads: Int = {
    if let text = ProcessInfo.processInfo.environment["OMP_NUM_THREADS"], let count = Int(text), count > 0 {
      return count
    }
    return ProcessInfo.processInfo.activeProcessorCount
  }()

  /// The `count` slabs that `range` is cut into: contiguous, in order, their lengths differing by at most one.
  public static func slabs(of range: Range<Int>, count: Int) -> [Range<Int>] {
    let pieces = max(1, min(count, range.count))
    return (0..<pieces).map { piece in
      let lower = range.lowerBound + range.count * piece / pieces
      let upper = range.lowerBound + range.count * (piece + 1) / pieces
      return lower..<upper
    }
  }

  /// Run `body` once for each thread's slab of `range`; returns when all are done.
  public static func forEachSlab(of range: Range<Int>, _ body: @Sendable (Range<Int>) -> Void) {
    guard !range.isEmpty else { return }
    let pieces = slabs(of: range, count: threads)
    if pieces.count == 1 { return body(pieces[0]) }
    DispatchQueue.concurrentPerform(iterations: pieces.count) { body(pieces[$0]) }
  }

  /// Run `body` for every element of `range`, handed out in chunks of `chunk` so that uneven work balances.
  ///
  /// The order is not defined: `body` must write to places of its own.
  public static func forEach(_ range: Range<Int>, chunk: Int = 1, _ body: @Sendable (Int) -> Void) {
    guard !range.isEmpty else { return }
    let workers = min(threads, (range.count + chunk - 1) / chunk)
    if workers == 1 {
      for element in range { body(element) }
      return
    }
    let next = Atomic<Int>(range.lowerBound)
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
      while true {
        let lower = next.wrappingAdd(chunk, ordering: .relaxed).oldValue
        if lower >= range.upperBound { break }
        for element in lower..<min(lower + chunk, range.upperBound) { body(element) }
      }
    }
  }

  /// The results of `body` for each slab of `range`, in the order of the slabs.
  ///
  /// The range is cut into `count` slabs (default: the number of threads); a fixed count makes a sum independent of
  /// the number of threads.
  public static func mapSlabs<Result: Sendable>(
    of range: Range<Int>, count: Int? = nil, _ body: @Sendable (Range<Int>) -> Result
  ) -> [Result] {
    guard !range.isEmpty else { return [] }
    let pieces = slabs(of: range, count: count ?? threads)
    if pieces.count == 1 { return [body(pieces[0])] }
    return [Result](unsafeUninitializedCapacity: pieces.count) { buffer, initialized in
      nonisolated(unsafe) let base = buffer.baseAddress!
      forEach(0..<pieces.count) { (base + $0).initialize(to: body(pieces[$0])) }
      initialized = pieces.count
    }
  }

  /// The results of `body` for 0 to `count` - 1, in order: different pieces of work side by side.
  ///
  /// - Throws: The error of the first of them that fails; all of them have ended by then.
  public static func map<Value: Sendable, Failure: Error>(
    _ count: Int, _ body: @Sendable (Int) throws(Failure) -> Value
  ) throws(Failure) -> [Value] {
    let results = mapSlabs(of: 0..<count, count: count) { slab in
      Result { () throws(Failure) in try body(slab.lowerBound) }
    }
    var values: [Value] = []
    for result in results { values.append(try result.get()) }
    return values
  }
}

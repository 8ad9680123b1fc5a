import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Makes batches on threads of its own while the network trains on earlier ones.
///
/// Batches come in the order of their steps whatever the number of threads. The threads run at a lower priority, so that they
/// use what the kernels leave.
public final class BatchLoader {
  private let queue: BatchQueue
  private let threads: Int
  /// Seconds that ``next()`` has waited.
  public private(set) var waitedSeconds = 0.0

  /// A loader of the batches of `steps`.
  /// - Parameters:
  ///   - threads: How many make batches; with 0 they are made when they are asked for.
  ///   - make: Makes the batch of a step.
  public init(steps: Range<Int>, threads: Int, make: @escaping @Sendable (Int) -> TrainingBatch) {
    self.threads = max(0, threads)
    queue = BatchQueue(steps: steps, ahead: self.threads + 1, make: make)
    for _ in 0..<self.threads {
      let thread = Thread { [queue] in
        #if canImport(Glibc)
          // On Linux a priority belongs to a thread.
          _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, 5)
        #endif
        queue.work()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  deinit { queue.stop() }

  /// The most batches that are in memory at once.
  public static func depth(threads: Int) -> Int { 2 * max(0, threads) + 2 }

  /// The next batch; nil after the last.
  public func next() -> TrainingBatch? {
    let start = ContinuousClock.now
    defer { waitedSeconds += (ContinuousClock.now - start) / .seconds(1) }
    return threads > 0 ? queue.take() : queue.makeNext()
  }
}

/// The steps to make and the batches made, shared by a loader and its threads.
private final class BatchQueue: @unchecked Sendable {
  private let steps: Range<Int>
  private let ahead: Int
  private let make: @Sendable (Int) -> TrainingBatch
  /// Guards everything below; that is why the class may be shared.
  private let condition = NSCondition()
  private var made: [Int: TrainingBatch] = [:]
  private var nextToMake: Int
  private var nextToTake: Int
  private var isStopped = false

  init(steps: Range<Int>, ahead: Int, make: @escaping @Sendable (Int) -> TrainingBatch) {
    (self.steps, self.ahead, self.make) = (steps, ahead, make)
    (nextToMake, nextToTake) = (steps.lowerBound, steps.lowerBound)
  }

  /// Make batches until there are no more to make.
  func work() {
    while let step = claim() {
      let batch = make(step)
      condition.withLock {
        made[step] = batch
        condition.broadcast()
      }
    }
  }

  func stop() {
    condition.withLock {
      isStopped = true
      condition.broadcast()
    }
  }

  /// The next batch in order, once it is made.
  func take() -> TrainingBatch? {
    condition.withLock {
      guard nextToTake < steps.upperBound else { return nil }
      while made[nextToTake] == nil { condition.wait() }
      defer {
        nextToTake += 1
        condition.broadcast()
      }
      return made.removeValue(forKey: nextToTake)
    }
  }

  /// The next batch in order, made on this thread.
  func makeNext() -> TrainingBatch? {
    guard nextToTake < steps.upperBound else { return nil }
    nextToTake += 1
    return make(nextToTake - 1)
  }

  private func claim() -> Int? {
    condition.withLock {
      while !isStopped, nextToMake < steps.upperBound, nextToMake > nextToTake + ahead { condition.wait() }
      guard !isStopped, nextToMake < steps.upperBound else { return nil }
      nextToMake += 1
      return nextToMake - 1
    }
  }
}

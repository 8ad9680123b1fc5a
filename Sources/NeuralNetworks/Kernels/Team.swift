import COneDNN
import Dispatch
import Numerics
import Synchronization

/// The threads a plan computes with: oneDNN's own OpenMP team where there is one.
///
/// libgomp's workers spin for milliseconds after a parallel region; kernels on threads of their own would compete with
/// them for the cores between two convolutions.
struct Team {
  /// Members; fixed when a plan is compiled, since sums are added slab by slab.
  let threads: Int

  /// As many members as `Parallel` has threads now.
  static var current: Team { Team(threads: Parallel.threads) }

  /// Run `body` on every member's slab of `0..<count`; `grain` is the least worth a second thread.
  func forEachSlab(of count: Int, grain: Int = 1, _ body: (_ member: Int, _ slab: Range<Int>) -> Void) {
    let members = max(1, min(threads, count / max(1, grain)))
    guard members > 1 else {
      if count > 0 { body(0, 0..<count) }
      return
    }
    withoutActuallyEscaping(body) { body in
      var job = Job(count: count, body: body)
      withUnsafeMutablePointer(to: &job) { job in
        let ran = nn_parallel(
          Int32(members),
          { context, member, members in
            guard let context else { return }
            context.assumingMemoryBound(to: Job.self).pointee.run(Int(member), of: Int(members))
          }, job)
        if !ran {
          // Each member touches its own slab only, and the job outlives the loop.
          nonisolated(unsafe) let job = job
          DispatchQueue.concurrentPerform(iterations: members) { job.pointee.run($0, of: members) }
        }
      }
    }
  }

  /// Run `body` on parts of `0..<count`, each taken by the member that is free next: for work whose result does not depend
  /// on who does it, where cores are not equally fast.
  func forEachPart(of count: Int, size: Int, _ body: (_ member: Int, _ part: Range<Int>) -> Void) {
    let parts = (count + size - 1) / size
    let next = NextPart()
    forEachSlab(of: min(threads, parts)) { member, _ in
      while true {
        let part = next.take()
        guard part < parts else { return }
        body(member, part * size..<min(count, (part + 1) * size))
      }
    }
  }

  private final class NextPart: Sendable {
    private let value = Atomic(0)

    func take() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
  }

  private struct Job {
    let count: Int
    let body: (Int, Range<Int>) -> Void

    func run(_ member: Int, of members: Int) {
      body(member, count * member / members..<count * (member + 1) / members)
    }
  }
}

import Foundation

/// The addresses this process may use, which `ulimit -v` limits.
///
/// Libraries reserve far more addresses than they touch memory, and some wait for ever for what they cannot have:
/// each thread that calls OpenBLAS takes a buffer of 128 MiB and tries again without end (`blas_memory_alloc`),
/// and so does OpenBLAS as it is loaded, before `main`, for each thread it may have; Dispatch tries every second to start
/// a thread.
public enum AddressSpace {
  /// The limit in bytes; nil where there is none.
  static var limit: Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < UInt64(Int.max)
    else { return nil }
    return Int(limit.rlim_cur)
  }

  /// What is left of the limit; nil where there is none.
  static var left: Int? { limit.map { max(0, $0 - ProcessMemory.addressSpace) } }

  /// What computing in `threads` threads takes beside the data: the stacks and the buffers of OpenBLAS.
  static func overhead(threads: Int) -> Int { threads * (stack + (129 << 20)) }

  /// End the program with an error where addresses are limited and what is left is too little to start threads. To be
  /// called first in a program, which `CStartup` has then started anew with as few threads and arenas of libraries as can be.
  public static func economize() throws {
    // Those of Dispatch, of the signals and of workers' pipes.
    let needed = Pipeline.programMemory + 6 * stack
    guard let left, let limit, left < needed else { return }
    throw PipelineError.internalFault(
      "malpighi: about \(mebibytes(needed)) MiB of addresses needed beside its libraries, \(mebibytes(left)) of the "
        + "\(mebibytes(limit)) MiB allowed are left (ulimit -v). Nothing was begun; raise the limit.")
  }

  /// The stack of a thread, in bytes.
  private static var stack: Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit) == 0, limit.rlim_cur < UInt64(Int.max)
    else { return 8 << 20 }
    return max(1 << 20, Int(limit.rlim_cur))
  }
}

/// Whole MiB, rounded up.
func mebibytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }

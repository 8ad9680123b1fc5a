import Foundation

/// The addresses this process may use, which `ulimit -v` limits.
///
/// Libraries reserve far more addresses than they touch memory, and some wait for ever for what they cannot have:
/// each thread that calls OpenBLAS takes a buffer of 128 MiB and tries again without end (`blas_memory_alloc`),
/// a thread started when the library is loaded does so before `main`; Dispatch tries every second to start a thread.
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

  /// Where addresses are limited, start this program anew once, with one arena of memory and without the threads of
  /// OpenBLAS, and end it with an error where the rest is too little to start threads of its own. To be called
  /// first in a program.
  public static func economize() throws {
    guard limit != nil else { return }
    restartOnce(["MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1"])
    // Those of Dispatch, of the signals and of workers' pipes.
    let needed = Pipeline.programMemory + 6 * stack
    guard let left, let limit, left < needed else { return }
    throw PipelineError.internalFault(
      "malpighi: about \(mebibytes(needed)) MiB of addresses needed beside its libraries, \(mebibytes(left)) of the "
        + "\(mebibytes(limit)) MiB allowed are left (ulimit -v). Nothing was begun; raise the limit.")
  }

  /// Libraries read these variables when they are loaded, before `main`.
  private static func restartOnce(_ variables: [String: String]) {
    let missing = variables.filter { getenv($0.key).map { String(cString: $0) } != $0.value }
    guard !missing.isEmpty else { return }
    for (name, value) in missing { setenv(name, value, 1) }
    var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    guard readlink("/proc/self/exe", &path, Int(PATH_MAX)) > 0 else { return }
    // Returns only where the program cannot be started; then this one goes on.
    execv(path, CommandLine.unsafeArgv)
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

import Foundation

/// One block of memory in which buffers that are never alive together share addresses.
final class Arena {
  /// A buffer and the steps between which it must keep its contents.
  struct Request {
    let bytes: Int
    var first = Int.max
    var last = Int.min
  }

  private(set) var requests: [Request] = []
  private(set) var offsets: [Int] = []
  /// Bytes of the whole block; known once `place()` has run.
  private(set) var bytes = 0
  private(set) var base: UnsafeMutableRawPointer?
  private var mapped = 0
  private let hugePage = 2 << 20

  /// A new buffer, not yet alive at any step.
  func request(bytes: Int) -> Int {
    requests.append(Request(bytes: (max(1, bytes) + 127) / 64 * 64))
    return requests.count - 1
  }

  /// Keep the contents of `buffer` at `step`.
  func use(_ buffer: Int, at step: Int) {
    requests[buffer].first = min(requests[buffer].first, step)
    requests[buffer].last = max(requests[buffer].last, step)
  }

  /// Give every buffer an offset: the largest first, each at the lowest place free during its life.
  func place() {
    offsets = [Int](repeating: 0, count: requests.count)
    var placed: [Int] = []
    let order = requests.indices.filter { requests[$0].first <= requests[$0].last }
      .sorted { (requests[$0].bytes, $1) > (requests[$1].bytes, $0) }
    for buffer in order {
      let request = requests[buffer]
      let rivals = placed.filter { requests[$0].first <= request.last && request.first <= requests[$0].last }
        .sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for rival in rivals {
        if offset + request.bytes <= offsets[rival] { break }
        offset = max(offset, offsets[rival] + requests[rival].bytes)
      }
      offsets[buffer] = offset
      placed.append(buffer)
      bytes = max(bytes, offset + request.bytes)
    }
  }

  /// Take the memory from the system, in huge pages where it has them.
  func allocate() throws(NeuralNetworkError) {
    mapped = (bytes + hugePage - 1) / hugePage * hugePage
    guard mapped > 0 else { return }
    let block = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let block, block != MAP_FAILED else {
      throw .memory(neededBytes: bytes, availableBytes: SystemMemory.availableBytes)
    }
    madvise(block, mapped, 14 /* MADV_HUGEPAGE */)
    base = block
  }

  /// The address of a buffer, once there is memory.
  func address(_ buffer: Int) -> UnsafeMutableRawPointer {
    guard let base else { preconditionFailure("a plan's memory is used before it was taken") }
    return base + offsets[buffer]
  }

  func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
    address(buffer).assumingMemoryBound(to: Float.self)
  }

  deinit { if let base { munmap(base, mapped) } }
}

/// What the system can still give.
enum SystemMemory {
  /// Bytes free for this process: the kernel's estimate, or the control group's limit where that is lower.
  static var availableBytes: Int {
    var available = Int.max
    if let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    {
      available = kibibytes << 10
    }
    if let limit = number("/sys/fs/cgroup/memory.max"), let used = number("/sys/fs/cgroup/memory.current") {
      available = min(available, max(0, limit - used))
    }
    return available
  }

  private static func number(_ path: String) -> Int? {
    (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
      Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
    }
  }
}

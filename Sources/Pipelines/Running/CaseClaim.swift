import Foundation
import Reports

/// The right to work on a case: a file made with `O_EXCL`, so that two batches on one output, also on two machines of a
/// shared file system, never do the same case at once.
struct CaseClaim {
  /// Who holds a claim.
  struct Holder: Codable, Equatable {
    var host: String
    var process: Int32
    /// Start of the process in clock ticks since boot, which tells it from a later one with the same number.
    var processStart: String
    var since: Date

    enum CodingKeys: String, CodingKey {
      case host, process
      case processStart = "process_start"
      case since
    }

    static var current: Holder {
      Holder(
        host: ProcessInfo.processInfo.hostName, process: getpid(),
        processStart: startOfProcess(getpid()) ?? "",
        since: Date())
    }

    /// Whether the process is known to be gone: it ran on this machine and is no longer there.
    var isGone: Bool {
      host == ProcessInfo.processInfo.hostName && Self.startOfProcess(process) != processStart
    }

    private static func startOfProcess(_ process: Int32) -> String? {
      guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        let end = text.lastIndex(of: ")")
      else { return nil }
      let fields = text[end...].split(separator: " ")
      return fields.count > 20 ? String(fields[20]) : nil
    }
  }

  private let url: URL

  /// Claim the case in `caseFolder`. A claim whose process died on this machine is taken over.
  init(in caseFolder: URL, id: String) throws {
    url = caseFolder.appendingPathComponent(".claim")
    for _ in 0..<2 {
      let descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      if descriptor >= 0 {
        defer { close(descriptor) }
        let data = try JSONText.encode(Holder.current)
        let written = data.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if written == data.count {
          Interruption.guardAgainst(url)
          return
        }
        let reason = String(cString: strerror(errno))
        unlink(url.path)
        throw PipelineError.inputOutput("\(url.path): cannot be written: \(reason)")
      }
      guard errno == EEXIST else {
        throw PipelineError.cannotCreate(
          "\(url.path): cannot be created: \(String(cString: strerror(errno)))")
      }
      let holder = FileManager.default.contents(atPath: url.path)
        .flatMap { try? JSONText.decode(Holder.self, from: $0) }
      if let holder, !holder.isGone {
        throw PipelineError.inputOutput(
          "\(caseFolder.path): \(id) is being worked on by process \(holder.process) on \(holder.host). "
            + "If that is not so, remove \(url.path).")
      }
      if holder == nil, !isOld {
        throw PipelineError.inputOutput(
          "\(caseFolder.path): \(id) was claimed this very moment by another process. Try again.")
      }
      unlink(url.path)
    }
    throw PipelineError.inputOutput(
      "\(caseFolder.path): \(id) is being worked on by another process.")
  }

  /// Whether an unreadable claim is older than the moment it takes to write one.
  private var isOld: Bool {
    var status = stat()
    return stat(url.path, &status) == 0 && time(nil) - status.st_mtim.tv_sec > 10
  }

  /// Give the case back.
  func release() {
    unlink(url.path)
    Interruption.release(url)
  }
}

import Dispatch
import Foundation
import Reports

/// The right to work on a case: a file made with `O_EXCL`, so that two batches on one output, also on two machines of a
/// shared file system, never do the same case at once.
///
/// The holder touches the file every ``ClaimHolder/heartbeat`` seconds. A claim whose holder is gone is taken over by
/// whoever wins a second `O_EXCL` file, so that of two that notice it at once only one removes it. No lock of the file
/// system is needed.
// Immutable but for the timer, and dispatch sources may be used from any thread.
package final class CaseClaim: @unchecked Sendable {
  private let url: URL
  private let holder: ClaimHolder
  private let timer: any DispatchSourceTimer

  /// Claim the case in `caseFolder`.
  /// - Throws: ``PipelineError/claimed(_:)`` where another process works on it.
  package init(in caseFolder: URL, id: String) throws {
    let url = Self.url(in: caseFolder)
    let holder = ClaimHolder.current
    var isMade = false
    for _ in 0..<3 where !isMade {
      isMade = try Self.make(url, holder)
      if !isMade { try Self.removeIfGone(url, id: id) }
    }
    guard isMade else {
      throw PipelineError.claimed("\(caseFolder.path): \(id) is claimed by others again and again.")
    }
    Interruption.guardAgainst(url)
    self.url = url
    self.holder = holder
    timer = DispatchSource.makeTimerSource(queue: .global(qos: .userInitiated))
    timer.schedule(deadline: .now() + ClaimHolder.heartbeat, repeating: ClaimHolder.heartbeat)
    let path = url.path
    timer.setEventHandler { utimensat(AT_FDCWD, path, nil, 0) }
    timer.resume()
  }

  deinit { timer.cancel() }

  /// Who holds the claim of the case in `caseFolder`, and for how many seconds nothing was heard of it; nil where
  /// nobody does.
  package static func holder(in caseFolder: URL) -> (holder: ClaimHolder, secondsSilent: Double)? {
    var status = stat()
    let url = url(in: caseFolder)
    guard let data = FileManager.default.contents(atPath: url.path), stat(url.path, &status) == 0,
      let holder = try? JSONText.decode(ClaimHolder.self, from: data)
    else { return nil }
    return (holder, Date().timeIntervalSince1970 - Double(status.st_mtim.tv_sec))
  }

  /// Throws where the claim was taken over, which happens to a process that stood still for ``ClaimHolder/silence``
  /// seconds: what it has computed is another's by now.
  package func requireHeld() throws {
    let folder = url.deletingLastPathComponent().path
    guard FileManager.default.fileExists(atPath: folder) else {
      throw PipelineError.inputOutput(
        "\(folder): the folder of results vanished during the run. Look at the disk, then run again.")
    }
    let data = FileManager.default.contents(atPath: url.path)
    guard let data, let now = try? JSONText.decode(ClaimHolder.self, from: data),
      now.process == holder.process,
      now.processStart == holder.processStart, now.host == holder.host
    else {
      throw PipelineError.claimed(
        "\(url.path): the claim was lost, removed or taken over while this process stood still. Run again.")
    }
  }

  /// Give the case back.
  package func release() {
    timer.cancel()
    if (try? requireHeld()) != nil { unlink(url.path) }
    Interruption.release(url)
  }

  // MARK: - Files

  private static func url(in caseFolder: URL) -> URL { caseFolder.appendingPathComponent(".claim") }

  /// Whether the claim could be made; false where there is one.
  private static func make(_ url: URL, _ holder: ClaimHolder) throws -> Bool {
    let descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      if errno == EEXIST { return false }
      throw PipelineError.cannotCreate("\(url.path): cannot be created: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    let data = try JSONText.encode(holder)
    guard data.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == data.count else {
      let reason = String(cString: strerror(errno))
      unlink(url.path)
      throw PipelineError.inputOutput("\(url.path): cannot be written: \(reason)")
    }
    return true
  }

  private static func removeIfGone(_ url: URL, id: String) throws {
    // Only who holds this second file removes a claim of others, and only after looking at it again.
    let mutex = url.deletingLastPathComponent().appendingPathComponent(".claim.takeover")
    let descriptor = open(mutex.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      guard errno == EEXIST else {
        throw PipelineError.cannotCreate(
          "\(mutex.path): cannot be created: \(String(cString: strerror(errno)))")
      }
      // It is held for microseconds; an old one belongs to a process that died in them.
      if let age = age(of: mutex, now: time(nil)), age > 60 { unlink(mutex.path) }
      throw PipelineError.claimed("\(id): its claim is being taken over by another process. Run again.")
    }
    defer {
      unlink(mutex.path)
      close(descriptor)
    }
    // Both times are the file server's, so clocks that differ between machines do not matter.
    var status = stat()
    fstat(descriptor, &status)
    guard let age = age(of: url, now: status.st_mtim.tv_sec) else { return }
    let data = FileManager.default.contents(atPath: url.path)
    let holder = data.flatMap { try? JSONText.decode(ClaimHolder.self, from: $0) }
    if let holder, !holder.isGone(secondsSilent: age) {
      throw PipelineError.claimed(
        "\(url.deletingLastPathComponent().path): \(id) is being worked on by \(holder.name). "
          + "If that is not so, remove \(url.path).")
    }
    // Without text it was made this very moment, or on a disk that was full.
    if holder == nil, age <= 10 {
      throw PipelineError.claimed("\(id) was claimed this very moment by another process. Run again.")
    }
    unlink(url.path)
  }

  /// How many seconds before `now` the file was last touched; nil where there is none.
  private static func age(of url: URL, now: Int) -> Double? {
    var status = stat()
    return stat(url.path, &status) == 0 ? Double(now - status.st_mtim.tv_sec) : nil
  }
}

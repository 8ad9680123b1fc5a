import Foundation

/// The names of files that are being written: `.malpighi-MACHINE-PROCESS-START-TAG.tmp`. They tell whether the process
/// that writes is still there, so that what a killed one left can be removed.
public enum TemporaryName {
  /// A name that no other file has.
  public static func make() -> String {
    let tag = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    return ".malpighi-\(ProcessIdentity.machine)-\(getpid())-\(ProcessIdentity.start)-\(tag).tmp"
  }

  /// Whether `name` is that of a file being written.
  public static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(".malpighi-") && name.hasSuffix(".tmp")
  }

  /// Whether the process that wrote the temporary file `name` in `folder` is gone: it ran on this machine and is no
  /// longer there, or the file has not been touched for a day.
  public static func isAbandoned(_ name: String, in folder: String) -> Bool {
    let parts = name.dropFirst(".malpighi-".count).split(separator: "-", omittingEmptySubsequences: false)
    if parts.count == 4, parts[0] == ProcessIdentity.machine, let process = Int32(parts[1]) {
      return ProcessIdentity.start(of: process).map { $0 != parts[2] } ?? true
    }
    var status = stat()
    guard stat("\(folder)/\(name)", &status) == 0 else { return false }
    return time(nil) - status.st_mtim.tv_sec > 86_400
  }
}

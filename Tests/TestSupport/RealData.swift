import Foundation

/// The folder of real images for development, named by `MALPIGHI_REAL_DATA`; nil where it is not at hand.
public let realData: URL? = {
  guard let path = ProcessInfo.processInfo.environment["MALPIGHI_REAL_DATA"], !path.isEmpty else {
    return nil
  }
  return URL(fileURLWithPath: path, isDirectory: true)
}()

/// A fresh folder for one test, removed when `body` returns.
public func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("malpighi-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

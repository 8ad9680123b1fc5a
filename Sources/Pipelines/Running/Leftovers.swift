import Files
import Foundation

/// What processes that were killed have left.
enum Leftovers {
  /// Remove from `folder` the temporary files of processes that are gone.
  static func remove(from folder: URL) {
    for name in names(in: folder)
    where TemporaryName.isTemporary(name) && TemporaryName.isAbandoned(name, in: folder.path) {
      unlink(folder.appendingPathComponent(name).path)
    }
  }

  /// Remove everything temporary from the folder of a case, which nobody but who holds its claim may write into.
  static func remove(fromClaimed folder: URL) {
    for name in names(in: folder) where TemporaryName.isTemporary(name) || StageFolder.isTemporary(name) {
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
  }

  private static func names(in folder: URL) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
  }
}

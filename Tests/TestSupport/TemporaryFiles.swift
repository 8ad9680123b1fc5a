import Foundation

extension URL {
  /// Writes `bytes` to a file of this name in the folder and returns its path.
  package func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = appendingPathComponent(name).path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }
}

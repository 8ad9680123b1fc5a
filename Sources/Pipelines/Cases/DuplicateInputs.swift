import Foundation

/// Cases whose files are the same, byte for byte: a subject that stands twice in a folder is counted twice in a mean, and
/// one that stands both in training and in validation makes every score of the validation worthless.
public enum DuplicateInputs {
  /// Groups of cases with the same content, each sorted, in order of their first. Only files of one size are read, and
  /// read whole only where their beginnings and ends agree.
  public static func groups(of cases: [Case]) throws -> [[Case]] {
    var groups = [cases]
    for key in [size, fringe, content] {
      groups = try groups.flatMap { group in
        try Dictionary(grouping: group) { try key($0.input) }.values.filter { $0.count > 1 }
      }
    }
    return groups.map { $0.sorted { $0.id < $1.id } }.sorted { $0[0].id < $1[0].id }
  }

  /// One line for each group of `groups(of:)`.
  public static func remarks(of cases: [Case]) throws -> [String] {
    try groups(of: cases).map { group in
      "\(shortList(group.map(\.id))): the same content under \(group.count) names (\(group[0].input.path), "
        + "\(group[1].input.path))"
    }
  }

  private static func size(_ url: URL) throws -> String {
    try files(url).map { "\(try ContentDigest.identity(of: $0).size)" }.joined(separator: " ")
  }

  private static func fringe(_ url: URL) throws -> String {
    let length = 1 << 14
    return try files(url).map { file in
      let handle = try FileHandle(forReadingFrom: file)
      defer { try? handle.close() }
      let start = try handle.read(upToCount: length) ?? Data()
      let end = try handle.seekToEnd()
      try handle.seek(toOffset: end > UInt64(length) ? end - UInt64(length) : 0)
      return ContentDigest.sha256(of: start + (try handle.readToEnd() ?? Data()))
    }.joined(separator: " ")
  }

  private static func content(_ url: URL) throws -> String {
    let digests = ContentDigest()
    return try files(url).map { try digests.digest(of: $0).sha256 }.joined(separator: " ")
  }

  /// The file, or the files of a patient's folder in order of their names.
  private static func files(_ url: URL) throws -> [URL] {
    if isRegularFile(url) { return [url] }
    let paths = try FileManager.default.subpathsOfDirectory(atPath: url.path).sorted()
    return paths.map { url.appendingPathComponent($0, isDirectory: false) }.filter {
      !$0.lastPathComponent.hasPrefix(".") && isRegularFile($0)
    }
  }
}

extension CaseIdentifier {
  /// The subject a case is of: `sub-01` of `sub-01_ses-2_angio` in a BIDS name, else the id itself. Cases of one subject
  /// belong on one side of a split.
  public static func subject(of id: String) -> String {
    guard id.hasPrefix("sub-"), let end = id.firstIndex(of: "_") else { return id }
    return String(id[..<end])
  }
}

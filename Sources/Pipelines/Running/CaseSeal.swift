import Foundation

/// What lets a finished case be recognised as still the same by looking at its files without reading them, as git
/// does with its index: each file's digest together with size, inode and times of the moment it was known. A file
/// whose times differ is read again and compared by digest.
public struct CaseSeal: Sendable, Codable, Equatable {
  /// A file whose content is known.
  public struct File: Sendable, Codable, Equatable {
    /// The path, inside the case's folder where it does not begin with a slash.
    public var path: String
    /// The digest of its bytes.
    public var sha256: String
    /// Its size.
    public var bytes: Int
    /// The inode, and the times of the last change of content and of name or rights, in nanoseconds; of a folder
    /// those of every file in it.
    public var stamp: [Int]
  }

  /// The version of the package and of each stage.
  public var versions: [String]
  /// The digest of the pipeline with every parameter, which spares reading those of every record; records of older
  /// versions have none.
  public var pipeline: String?
  /// What was read and written.
  public var files: [File]

  /// The versions that make the results of `pipeline` what they are.
  static func versions(of pipeline: Pipeline) -> [String] {
    [packageVersion] + pipeline.steps.map { "\($0.type.name) \($0.type.version)" }
  }

  /// The seal of what `records` read and wrote, and of `inputsAtWork`, those of a stage that came to no end.
  /// - Parameter stamps: Those of files outside the case's folder, by path, taken before they were read: a file that
  ///   changes later differs from them.
  init(
    _ records: [StageRecord], inputsAtWork: [StageRecord.File], pipeline: Pipeline, caseFolder: URL,
    stamps: [String: [Int]]
  ) {
    versions = Self.versions(of: pipeline)
    self.pipeline = pipeline.snapshot.digest
    var known: [(path: String, file: StageRecord.File)] = []
    for record in records {
      let step = pipeline.steps.first { $0.name == record.stage }
      let reports = Set(step?.type.outputs.filter { $0.role == .report }.map(\.file) ?? [])
      known += record.inputs.map { ($0.path, $0) }
      known += record.outputs.map {
        (reports.contains($0.path) ? $0.path : "\(step?.folderName ?? "")/\($0.path)", $0)
      }
    }
    known += inputsAtWork.map { ($0.path, $0) }
    var paths: Set<String> = []
    files = known.filter { paths.insert($0.path).inserted }.map { path, file in
      // Files inside the case's folder belong to this process; the others may have changed after they were read.
      let stamp =
        (path.hasPrefix("/") ? stamps[path] : nil) ?? Self.stamp(of: Self.place(path, in: caseFolder))
      return File(path: path, sha256: file.sha256, bytes: file.bytes, stamp: stamp)
    }
  }

  /// Whether every file is what it was.
  func holds(in caseFolder: URL) -> Bool {
    files.allSatisfy { file in
      let url = Self.place(file.path, in: caseFolder)
      let stamp = Self.stamp(of: url)
      if !stamp.isEmpty, stamp == file.stamp { return true }
      return (try? ContentDigest().digest(of: url))?.sha256 == file.sha256
    }
  }

  private static func place(_ path: String, in caseFolder: URL) -> URL {
    path.hasPrefix("/") ? URL(fileURLWithPath: path) : caseFolder.appendingPathComponent(path)
  }

  /// Inode and times of a file, or of every file of a folder; empty where nothing is there.
  static func stamp(of url: URL) -> [Int] {
    var status = stat()
    guard stat(url.path, &status) == 0 else { return [] }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return [Int(status.st_ino), nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)]
    case S_IFDIR:
      let paths = (try? FileManager.default.subpathsOfDirectory(atPath: url.path)) ?? []
      return paths.sorted().filter { !$0.split(separator: "/").contains { $0.hasPrefix(".") } }
        .flatMap { path in
          let file = url.appendingPathComponent(path, isDirectory: false)
          return isRegularFile(file) ? stamp(of: file) : []
        }
    default: return []
    }
  }

  private static func nanoseconds(_ time: timespec) -> Int { time.tv_sec * 1_000_000_000 + time.tv_nsec }
}

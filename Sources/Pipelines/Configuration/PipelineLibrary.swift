import Foundation

/// The places where pipelines are found by name: `pipelines/` in the working directory, then beside the executable or
/// above it, then in the source tree this program was built from.
public struct PipelineLibrary: Sendable {
  /// The folders looked into, in order.
  public let folders: [URL]
  /// The stages pipelines may name.
  public let registry: StageRegistry

  /// A library of the pipelines in `folders`.
  public init(folders: [URL], registry: StageRegistry) {
    self.folders = folders
    self.registry = registry
  }

  /// The library for a program at `executable` started in `workingDirectory`.
  public init(workingDirectory: URL, executable: URL?, registry: StageRegistry) {
    var folders = [workingDirectory.appendingPathComponent("pipelines")]
    if var folder = executable?.resolvingSymlinksInPath().deletingLastPathComponent() {
      for _ in 0..<6 where folder.path != "/" {
        folders.append(folder.appendingPathComponent("pipelines"))
        folder = folder.deletingLastPathComponent()
      }
    }
    // Sources/Pipelines/Configuration/PipelineLibrary.swift -> the root of the package.
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root = root.deletingLastPathComponent() }
    folders.append(root.appendingPathComponent("pipelines"))
    self.init(folders: folders, registry: registry)
  }

  /// The names that can be found, sorted.
  public var names: [String] {
    var found: Set<String> = []
    for folder in folders {
      for file in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      where file.hasSuffix(".yaml") {
        found.insert(String(file.dropLast(".yaml".count)))
      }
    }
    return found.sorted()
  }

  /// The file of the pipeline `name`, which may also be a path to a YAML file.
  public func url(of name: String) throws -> URL {
    if name.contains("/") || name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
      let url = URL(fileURLWithPath: name).standardizedFileURL
      guard FileManager.default.fileExists(atPath: url.path) else {
        throw PipelineError.noInput("\(name): no such pipeline file")
      }
      return url
    }
    for folder in folders {
      let url = folder.appendingPathComponent(name + ".yaml")
      if FileManager.default.fileExists(atPath: url.path) { return url.standardizedFileURL }
    }
    throw PipelineError.noInput(
      UnknownName(name: name, known: names).message("pipeline")
        + ". A path to a YAML file works too.")
  }

  /// The pipeline called `name`, or in the file of that path.
  public func pipeline(_ name: String) throws -> Pipeline {
    try PipelineYAML(url: try url(of: name), registry: registry).pipeline()
  }
}

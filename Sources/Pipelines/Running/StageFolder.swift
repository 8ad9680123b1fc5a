import Files
import Foundation
import Numerics
import Reports

/// The folder of one stage of one case. It appears complete, with `stage.json`, or not at all.
struct StageFolder {
  /// The folder of the case.
  let caseFolder: URL
  /// The stage.
  let step: Pipeline.Step

  /// The final place.
  var url: URL { caseFolder.appendingPathComponent(step.folderName, isDirectory: true) }
  /// Where it is built.
  private var partial: URL {
    caseFolder.appendingPathComponent(".\(step.folderName).partial", isDirectory: true)
  }
  private var replaced: URL {
    caseFolder.appendingPathComponent(".\(step.folderName).replaced", isDirectory: true)
  }

  /// Whether `name` is that of a folder being built or replaced.
  static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(".") && (name.hasSuffix(".partial") || name.hasSuffix(".replaced"))
  }

  /// The final place of an output.
  func url(of output: StageOutput) -> URL {
    (output.role == .report ? caseFolder : url).appendingPathComponent(
      output.file, isDirectory: false)
  }

  /// What `stage.json` says, or nil where the stage was never completed.
  var record: StageRecord? {
    guard
      let data = FileManager.default.contents(atPath: url.appendingPathComponent("stage.json").path)
    else {
      return nil
    }
    return try? JSONText.decode(StageRecord.self, from: data)
  }

  /// An empty folder to build the stage in; leftovers of a killed run are removed.
  func begin() throws -> URL {
    discard()
    try makeFolder(partial)
    Interruption.guardAgainst(partial)
    return partial
  }

  /// Throw away what was built.
  func discard() {
    try? FileManager.default.removeItem(at: partial)
    try? FileManager.default.removeItem(at: replaced)
    Interruption.release(partial)
  }

  /// Write `stage.json` and give the folder its name. The report goes up into the folder of the case.
  func commit(_ record: StageRecord) throws {
    try writeFile(try JSONText.encode(record), to: partial.appendingPathComponent("stage.json"))
    for output in step.type.outputs where output.role == .report {
      try rename(partial.appendingPathComponent(output.file), url(of: output))
    }
    if FileManager.default.fileExists(atPath: url.path) { try rename(url, replaced) }
    try rename(partial, url)
    discard()
  }

  private func rename(_ source: URL, _ destination: URL) throws {
    guard Foundation.rename(source.path, destination.path) == 0 else {
      throw PipelineError.inputOutput(
        "\(destination.path): cannot be put in place: \(String(cString: strerror(errno)))")
    }
  }
}

/// Make the folder `url` and those above it; 73 with the reason where that is refused.
public func makeFolder(_ url: URL) throws {
  do {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  } catch {
    var status = stat()
    let isFile = stat(url.path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    throw PipelineError.cannotCreate(
      "\(url.path): the folder cannot be created: "
        + (isFile ? "a file has this name" : reason(of: error)) + ". Choose another --output.")
  }
}

/// Write `data` to `url`, complete or not at all.
package func writeFile(_ data: Data, to url: URL) throws { try AtomicFile.write(data, to: url.path) }

private func reason(of error: any Error) -> String {
  let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
  let code = underlying?.domain == NSPOSIXErrorDomain ? underlying?.code : nil
  return code.map { String(cString: strerror(Int32($0))) } ?? error.localizedDescription
}

extension FileWritingError: ExitStatusProviding {
  /// 73 where the file cannot be created, 74 where writing failed.
  public var exitStatus: ExitStatus {
    switch self {
    case .cannotCreate: .cannotCreate
    case .cannotWrite: .inputOutput
    }
  }
}

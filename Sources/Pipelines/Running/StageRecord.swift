import Reports

/// What `stage.json` says: how the files of a stage came to be.
public struct StageRecord: Codable, Sendable, Hashable {
  /// A file with its content's digest.
  public struct File: Codable, Sendable, Hashable {
    /// The name of the input, the key of a file parameter, or nil for an output.
    public var name: String?
    /// The path: of an input as given, of an output inside the stage's folder.
    public var path: String
    /// The digest of its bytes, hexadecimal.
    public var sha256: String
    /// Its size.
    public var bytes: Int
  }

  /// The name in the pipeline.
  public var stage: String
  /// The type in the registry.
  public var type: String
  /// Every parameter with its value.
  public var parameters: [String: JSONValue]
  /// The files read.
  public var inputs: [File]
  /// The files written.
  public var outputs: [File]
  /// Digest of type, version, parameters and the inputs' digests; another fingerprint means another result.
  public var fingerprint: String
  /// Package, libraries, processor.
  public var software: [String: String]
  /// Threads used.
  public var threads: Int
  /// Wall time.
  public var seconds: Double
  /// The most memory the process held during the stage, in MiB.
  public var peakMemoryMiB: Double
  /// What was odd.
  public var warnings: [String]

  enum CodingKeys: String, CodingKey {
    case stage, type, parameters, inputs, outputs, fingerprint, software, threads, seconds
    case peakMemoryMiB = "peak_memory_mib"
    case warnings
  }
}

import Foundation

/// The rules by which a file name becomes the id of a case.
public enum CaseIdentifier {
  private static let volumeEndings = [".nii.gz", ".nii", ".hdr", ".img"]
  private static let imageEndings = [".png", ".jpg", ".jpeg"]

  /// The id of a file or folder: its name without the ending of an image format; everything else is kept.
  public static func id(of url: URL) throws -> String {
    let name = url.lastPathComponent
    let id = withoutEnding(name) ?? name
    guard !id.isEmpty, id != ".", id != "..", id != "/" else {
      throw PipelineError.badData(
        "\(url.path): the name leaves nothing to call the case by. Rename it.")
    }
    return id
  }

  /// The name without the ending of an image format, or nil where it has none.
  static func withoutEnding(_ name: String) -> String? {
    let lower = name.lowercased()
    return (volumeEndings + imageEndings).first { lower.hasSuffix($0) }.map {
      String(name.dropLast($0.count))
    }
  }

  /// Whether a file of this name can be a case of `kind`.
  static func fits(_ name: String, _ kind: CaseKind) -> Bool {
    let lower = name.lowercased()
    return switch kind {
    // The header stands for a pair of header and image.
    case .volume: volumeEndings.contains { lower.hasSuffix($0) } && !lower.hasSuffix(".img")
    case .image: imageEndings.contains { lower.hasSuffix($0) }
    case .folder: false
    }
  }
}

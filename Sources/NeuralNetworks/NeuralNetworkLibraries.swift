import COneDNN

/// The versions of the C libraries this module computes with, for provenance.
public enum NeuralNetworkLibraries {
  /// Name and version of each.
  public static var versions: [String: String] {
    guard let version = dnnl_version()?.pointee else { return ["oneDNN": "unknown"] }
    return ["oneDNN": "\(version.major).\(version.minor).\(version.patch)"]
  }
}

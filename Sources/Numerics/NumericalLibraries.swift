import COpenBLAS

/// The versions of the C libraries this module computes with, for provenance.
public enum NumericalLibraries {
  /// Name and version of each; of OpenBLAS also how it was built and which kernels it chose.
  public static var versions: [String: String] {
    ["OpenBLAS": openblas_get_config().map { String(cString: $0) } ?? "unknown"]
  }
}

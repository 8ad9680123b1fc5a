import CDeflate
import CPNG

/// The versions of the C libraries this module reads and writes files with, for provenance.
public enum ImageFileLibraries {
  /// Name and version of each.
  public static var versions: [String: String] {
    let png = Int(png_access_version_number())
    return [
      "libpng": "\(png / 10000).\(png / 100 % 100).\(png % 100)",
      "libdeflate": LIBDEFLATE_VERSION_STRING,
      "zlib": zlibVersion().map { String(cString: $0) } ?? "unknown",
    ]
  }
}

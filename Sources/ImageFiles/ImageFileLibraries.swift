import CDeflate
import CPNG
import Foundation

/// The versions of the C libraries this module reads and writes files with, for provenance.
public enum ImageFileLibraries {
  /// Name and version of each.
  public static var versions: [String: String] {
    let png = Int(png_access_version_number())
    return [
      "libpng": "\(png / 10000).\(png / 100 % 100).\(png % 100)",
      "libnifti": niftiVersion ?? "unknown",
      "libdeflate": LIBDEFLATE_VERSION_STRING,
      "zlib": zlibVersion().map { String(cString: $0) } ?? "unknown",
    ]
  }

  /// The version in the name of the file that is loaded: libnifti2 has no function that tells it, only one that prints.
  private static var niftiVersion: String? {
    // The kernel gives this file in pieces; String(contentsOfFile:) stops after the first.
    let data = try? FileHandle(forReadingAtPath: "/proc/self/maps")?.readToEnd()
    let maps = String(decoding: data ?? Data(), as: UTF8.self)
    let line = maps.split(separator: "\n").first { $0.contains("/libnifti2.so.") }
    return line.flatMap { line in line.range(of: ".so.").map { String(line[$0.upperBound...]) } }
  }
}

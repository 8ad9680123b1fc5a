import Foundation

/// The two names of an image whose header and voxels are in two files.
enum NIfTIPair {
  /// The header's name, given either of the two; other names are returned as they are.
  static func headerPath(for path: String) throws(ImageFileError) -> String {
    guard let (base, ending) = split(path), ending.hasPrefix("img") || ending.hasPrefix("IMG") else {
      return path
    }
    return try partner(of: path, base: base, kind: ending.hasPrefix("IMG") ? "HDR" : "hdr", is: "header")
  }

  /// The name of the voxels that belong to the header at `path`.
  static func imagePath(for path: String) throws(ImageFileError) -> String {
    guard let (base, ending) = split(path), ending.lowercased().hasPrefix("hdr") else {
      throw .refused(
        path, "nifti.magic",
        "the header's magic says that the voxels are in another file (.hdr and .img), but this name does not end in "
          + ".hdr. Rename it or convert the pair to .nii.gz.")
    }
    return try partner(of: path, base: base, kind: ending.hasPrefix("HDR") ? "IMG" : "img", is: "image")
  }

  private static func partner(
    of path: String, base: Substring, kind: String, is role: String
  ) throws(ImageFileError) -> String {
    // The ending that matches the given one comes first.
    let endings = path.lowercased().hasSuffix(".gz") ? [".gz", ""] : ["", ".gz"]
    for ending in endings {
      let candidate = "\(base).\(kind)\(ending)"
      if FileManager.default.fileExists(atPath: candidate) { return candidate }
    }
    let name = "\(base).\(kind)".split(separator: "/").last ?? ""
    throw .missing(
      path: path,
      reason:
        "its \(role) \(name) (or \(name).gz) is not beside it. Put both files of the pair into one folder.")
  }

  private static func split(_ path: String) -> (base: Substring, ending: Substring)? {
    for ending in [".hdr", ".img", ".HDR", ".IMG", ".hdr.gz", ".img.gz"] where path.hasSuffix(ending) {
      return (path.dropLast(ending.count), ending.dropFirst())
    }
    return nil
  }
}

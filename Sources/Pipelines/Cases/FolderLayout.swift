import Foundation

/// The ways in which a folder of cases can be laid out.
public enum FolderLayout: String, Sendable, Codable, CaseIterable {
  /// `images/` and `labels/`, as `malpighi synthesize` writes it.
  case imagesAndLabels = "images and labels"
  /// `imagesTr/CASE_0000.nii.gz` and `labelsTr/CASE.nii.gz`.
  case nnUNet = "nnU-Net"
  /// `sub-*/[ses-*/]anat/*_angio.nii.gz`.
  case bids = "BIDS"
  /// Files side by side.
  case flat = "flat"
  /// One folder a patient.
  case patients = "one folder a case"
}

extension FolderLayout {
  /// The layout in a sentence: `a BIDS folder`.
  public var inWords: String {
    switch self {
    case .imagesAndLabels: "a folder with images/ and labels/"
    case .nnUNet: "an nnU-Net folder"
    case .bids: "a BIDS folder"
    case .flat: "a flat folder"
    case .patients: "a folder with one folder a case"
    }
  }
}

/// A folder seen as a set of files, and what was left out.
struct FolderListing {
  let folder: URL
  /// The names of regular files, sorted.
  private(set) var files: [String] = []
  /// The names of folders, sorted.
  private(set) var folders: [String] = []
  /// What is neither, with the reason.
  private(set) var leftOut: [String] = []

  init(_ folder: URL) throws {
    self.folder = folder
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
      throw PipelineError.noInput("\(folder.path): the folder cannot be listed")
    }
    for name in names.sorted() where !name.hasPrefix(".") {
      var status = stat()
      let path = folder.path + "/" + name
      guard stat(path, &status) == 0 else {
        leftOut.append(
          "\(path): \(errno == ELOOP ? "a link that leads to itself" : String(cString: strerror(errno)))"
        )
        continue
      }
      switch status.st_mode & S_IFMT {
      case S_IFREG: files.append(name)
      case S_IFDIR: folders.append(name)
      default: leftOut.append("\(path): neither a file nor a folder")
      }
    }
  }

  func url(_ name: String) -> URL { folder.appendingPathComponent(name) }
}

extension FolderLayout {
  /// The layout of `folder` for cases of `kind`.
  static func detect(_ listing: FolderListing, _ kind: CaseKind) -> FolderLayout {
    let folders = Set(listing.folders)
    if kind == .folder { return .patients }
    if folders.contains("imagesTr") || folders.contains("imagesTs") { return .nnUNet }
    if folders.contains("images") { return .imagesAndLabels }
    let hasFiles = listing.files.contains { CaseIdentifier.fits($0, kind) }
    if !hasFiles, listing.folders.contains(where: { $0.hasPrefix("sub-") }) { return .bids }
    return .flat
  }
}

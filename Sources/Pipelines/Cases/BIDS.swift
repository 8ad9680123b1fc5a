import Foundation

/// The part of the Brain Imaging Data Structure that concerns angiographies (BIDS 1.9).
enum BIDS {
  /// The files of `sub-*/anat` and `sub-*/ses-*/anat`, sorted by path.
  static func anatomicalFiles(below listing: FolderListing, remarks: inout [String]) throws -> [URL] {
    var files: [URL] = []
    for subject in listing.folders where subject.hasPrefix("sub-") {
      let subjectListing = try FolderListing(listing.url(subject))
      var places = [subjectListing]
      for session in subjectListing.folders where session.hasPrefix("ses-") {
        places.append(try FolderListing(subjectListing.url(session)))
      }
      for place in places where place.folders.contains("anat") {
        let anatomy = try FolderListing(place.url("anat"))
        remarks += anatomy.leftOut
        files += anatomy.files.map(anatomy.url)
      }
    }
    return files
  }

  /// The ids a label of the angiography `id` can have: the suffix `angio` replaced by that of a mask or segmentation.
  static func labelIdentifiers(for id: String) -> [String] {
    guard id.hasSuffix("_angio") else { return [] }
    let entities = id.dropLast("_angio".count)
    return ["_label-vessel_mask", "_label-vessel_dseg", "_label-vessels_mask", "_mask", "_dseg"].map {
      entities + $0
    }
  }
}

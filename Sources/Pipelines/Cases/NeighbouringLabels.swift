import Foundation

/// Labels that lie beside their scans in a flat folder: `A_vessels.nii.gz` beside `A_mra.nii.gz` or `A.nii.gz`.
enum NeighbouringLabels {
  private static let ofLabels = [
    "_vessels", "_vessel", "_labels", "_label", "_segmentation", "_seg", "_mask", "_gt",
  ]
  private static let ofImages = ["", "_mra", "_tof", "_angio", "_image", "_img", "_scan"]

  /// Takes the labels out of `files` and gives them the ids of their scans. A name that ends like a label's is one only where
  /// its scan is there.
  /// - Throws: `PipelineError.badData` where a scan has two.
  static func take(from files: inout [String: URL]) throws -> [String: URL] {
    var labels: [String: URL] = [:]
    for (id, url) in files.sorted(by: { $0.key < $1.key }) {
      guard let stem = stem(id),
        let scan = ofImages.lazy.map({ stem + $0 }).first(where: { files[$0] != nil })
      else { continue }
      if let other = labels[scan] {
        throw PipelineError.badData(
          "\(url.path): a second label of '\(scan)'; the other is \(other.path). Move the labels that are to count "
            + "into a folder of their own and give it with --labels.")
      }
      labels[scan] = url
      files[id] = nil
    }
    return labels
  }

  /// What is left of a label's id without the ending that makes it one.
  private static func stem(_ id: String) -> String? {
    let lower = id.lowercased()
    guard let ending = ofLabels.first(where: { lower.hasSuffix($0) }), ending.count < id.count else {
      return nil
    }
    return String(id.dropLast(ending.count))
  }
}

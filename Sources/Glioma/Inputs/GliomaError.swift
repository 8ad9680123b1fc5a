/// What can be wrong with a glioma case, in one line: what, found against expected, what to do.
public enum GliomaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The segmentation holds values that its label convention does not know.
  case unknownLabels(found: [Double], convention: String)
  /// The segmentation is empty.
  case noTumor
  /// An image's grid does not cover the tumour.
  case gridsDoNotOverlap(image: String, percent: Double, required: Double)
  /// Neither tissue maps nor a brain mask.
  case noTissue
  /// Tissue maps without white and grey matter.
  case emptyTissue
  /// An image holds values that are not numbers.
  case notFinite(image: String, count: Int, of: Int)
  /// Images of one case that must share a grid do not.
  case gridMismatch(image: String, found: String, expected: String)
  /// The solver met values that are not numbers.
  case diverged(String)

  /// The message.
  public var description: String {
    switch self {
    case .unknownLabels(let found, let convention):
      let values = found.prefix(10).map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" }
      return "segmentation: values \(values.joined(separator: ", ")) are not labels of \(convention). "
        + "Set prepare.labels to gliodil (1 enhancing, 3 oedema, 4 necrotic), brats2021 (1 necrotic, 2 oedema, "
        + "4 enhancing), brats2023 (1, 2, 3 enhancing) or brats2013 (3 non-enhancing)."
    case .noTumor:
      return "segmentation: no tumour voxel found; expected labels of core or oedema. Check the file."
    case .gridsDoNotOverlap(let image, let percent, let required):
      return "\(image): holds \(rounded(percent)) % of the tumour's voxels through the affines, at least "
        + "\(rounded(required)) % expected: the images are not in one space. Register them, or set "
        + "prepare.realign to true to ignore the origins."
    case .noTissue:
      return "no tissue maps: white_matter and gray_matter, a tissue label map or a brain mask expected. "
        + "Set prepare.tissue to an atlas in the patient's space."
    case .emptyTissue:
      return "tissue maps: no white or grey matter found; expected fractions 0…1 or labels 1 CSF, 2 GM, 3 WM."
    case .notFinite(let image, let count, let total):
      return "\(image): \(count) of \(total) values are not finite, at most 1 % expected. Repair the image."
    case .gridMismatch(let image, let found, let expected):
      return "\(image): grid \(found), expected \(expected). Resample it to the segmentation's grid."
    case .diverged(let what):
      return "solver: \(what). Choose another solver or a coarser grid."
    }
  }

  private func rounded(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}

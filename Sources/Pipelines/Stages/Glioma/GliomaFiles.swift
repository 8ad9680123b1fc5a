import Foundation
import Glioma
import ImageFiles
import Imaging

/// Which file of a patient's folder is what, by name. The recurrence is recognised first, so it can never be taken for
/// the segmentation.
struct GliomaFolder {
  private static let kinds: [(kind: String, words: [String])] = [
    ("recurrence", ["rec", "recurrence", "relapse"]),
    ("tissue", ["tissue", "tissues"]),
    ("brain_mask", ["brainmask", "brain_mask", "brain"]),
    ("white_matter", ["wm", "white", "whitematter"]),
    ("gray_matter", ["gm", "gray", "grey", "greymatter", "graymatter"]),
    ("csf", ["csf"]),
    ("pet", ["pet", "fet", "tumpet"]),
    ("edema", ["tumflair"]),
    ("segmentation", ["segm", "seg", "segmentation", "tumt1c"]),
  ]

  /// The file of each kind.
  let files: [String: URL]

  /// Read the names in `folder`. Throws where two files claim one place, unless it is one of `named`, whose files the user
  /// has said.
  init(_ folder: URL, named: Set<String>) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".nii") || $0.hasSuffix(".nii.gz") }.sorted()
    var found: [String: [String]] = [:]
    for name in names {
      let stem = name.lowercased().replacingOccurrences(of: ".nii.gz", with: "")
        .replacingOccurrences(of: ".nii", with: "")
      let words = Set(stem.split { !$0.isLetter && !$0.isNumber }.map(String.init) + [stem])
      let kind = GliomaFolder.kinds.first { kind in kind.words.contains { words.contains($0) } }?.kind
      if let kind { found[kind, default: []].append(name) }
    }
    for kind in named { found[kind] = nil }
    for (kind, names) in found where names.count > 1 {
      throw PipelineError.badData(
        "\(folder.path): \(names.count) files could be the \(kind) (\(names.joined(separator: ", "))), "
          + "one expected. Name it with --set prepare.\(kind)=FILE.")
    }
    files = found.compactMapValues { $0.first.map { folder.appendingPathComponent($0) } }
  }
}

/// The files that the stages after `prepare` share: a patient on the grid of the segmentation.
enum PreparedPatient {
  static func read(_ context: StageContext) throws -> (patient: Patient, header: NIfTIHeader) {
    let segmentation = try NIfTIFile(path: context.input("segmentation").path).readLabels()
    var patient = Patient(
      segmentation: segmentation.volume.map { UInt8(clamping: $0) },
      white: try NIfTIFile(path: context.input("white").path).readVolume().volume,
      gray: try NIfTIFile(path: context.input("gray").path).readVolume().volume,
      brain: try NIfTIFile(path: context.input("brain").path).readLabels().volume.map { $0 > 0 ? 1 : 0 })
    if let pet = context.optionalInput("pet") {
      patient.pet = try NIfTIFile(path: pet.path).readVolume().volume
    }
    return (patient, segmentation.header)
  }

  static let inputs = [
    StageInput(
      "segmentation", from: "prepare/segmentation.nii.gz", "regions: 1 oedema, 2 enhancing, 3 necrotic"),
    StageInput("white", from: "prepare/white_matter.nii.gz", "white matter fraction"),
    StageInput("gray", from: "prepare/gray_matter.nii.gz", "grey matter fraction"),
    StageInput("brain", from: "prepare/brain.nii.gz", "brain mask"),
    StageInput("pet", from: "prepare/pet.nii.gz", "PET over its maximum", need: .optional),
  ]
}

/// Write `value` as readable JSON with sorted keys.
func writeJSON(_ value: some Encodable, to url: URL) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  try encoder.encode(value).write(to: url)
}

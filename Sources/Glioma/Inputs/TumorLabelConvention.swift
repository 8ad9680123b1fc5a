import Imaging

/// Which number means what in a tumour segmentation.
public enum TumorLabelConvention: String, Sendable, Codable, CaseIterable {
  /// 1 enhancing, 3 oedema, 4 necrotic (GliODIL and TUM data).
  case gliodil
  /// 1 necrotic or non-enhancing, 2 oedema, 4 enhancing (BraTS 2017–2021).
  case brats2021
  /// 1 necrotic, 2 oedema, 3 enhancing (BraTS 2023).
  case brats2023
  /// 1 necrotic, 2 oedema, 3 non-enhancing, 4 enhancing (BraTS 2012–2015).
  case brats2013

  /// What label `value` stands for; nil for a value this convention does not have.
  public func region(_ value: Int) -> TumorRegion? {
    switch (self, value) {
    case (_, 0): TumorRegion.none
    case (.gliodil, 1), (.brats2021, 4), (.brats2023, 3), (.brats2013, 4): .enhancing
    case (.gliodil, 3), (.brats2021, 2), (.brats2023, 2), (.brats2013, 2): .edema
    case (.gliodil, 4), (.brats2021, 1), (.brats2023, 1), (.brats2013, 1), (.brats2013, 3): .necrotic
    default: nil
    }
  }

  /// The first convention, in the order given, that knows all `values`.
  ///
  /// Labels 1 and 2 mean the same in all BraTS years. Labels 1 and 3 alone could be either; without a 2 they are taken as
  /// the GliODIL numbers.
  public static func detect(_ values: Set<Int>) -> TumorLabelConvention? {
    let order: [TumorLabelConvention] =
      values.contains(2) ? [.brats2021, .brats2023, .brats2013] : [.gliodil, .brats2021]
    return order.first { convention in values.allSatisfy { convention.region($0) != nil } }
  }
}

/// A segmentation read with a label convention.
public struct LabelledSegmentation: Sendable {
  /// The regions.
  public let segmentation: TumorSegmentation
  /// The convention used.
  public let convention: TumorLabelConvention
  /// What the user should know: detection, stray values.
  public let warnings: [String]

  /// Values off an integer by more than this are not labels.
  private static let rounding: Float = 0.05
  /// A label that holds less than this share of the labelled voxels is a stray value and becomes background.
  private static let strayShare = 0.001

  /// Read `image` with `convention`, or with the one its values suggest. Throws ``GliomaError``.
  public init(_ image: Volume<Float>, convention: TumorLabelConvention?) throws(GliomaError) {
    var counts: [Int: Int] = [:]
    var strange: Set<Double> = []
    var nonfinite = 0
    for value in image.voxels where value != 0 {
      guard value.isFinite else {
        nonfinite += 1
        continue
      }
      let nearest = value.rounded()
      if abs(value - nearest) > LabelledSegmentation.rounding || abs(nearest) > 1e6 {
        strange.insert(Double(value))
      } else if nearest != 0 {
        counts[Int(nearest), default: 0] += 1
      }
    }
    guard nonfinite == 0 else {
      throw .notFinite(image: "segmentation", count: nonfinite, of: image.voxels.count)
    }
    let name = convention?.rawValue ?? "any known convention"
    guard strange.isEmpty else { throw .unknownLabels(found: strange.sorted(), convention: name) }
    let total = counts.values.reduce(0, +)
    guard total > 0 else { throw .noTumor }
    var notes: [String] = []
    let stray = counts.filter {
      Double($0.value) < LabelledSegmentation.strayShare * Double(total)
    }
    let serious = Set(counts.keys).subtracting(stray.keys)
    let chosen: TumorLabelConvention
    if let convention {
      chosen = convention
      let unknown = serious.filter { convention.region($0) == nil }
      guard unknown.isEmpty else {
        throw .unknownLabels(found: unknown.map(Double.init).sorted(), convention: name)
      }
    } else {
      guard let detected = TumorLabelConvention.detect(serious) else {
        throw .unknownLabels(found: serious.map(Double.init).sorted(), convention: name)
      }
      chosen = detected
      let values = serious.sorted().map(String.init).joined(separator: ", ")
      notes.append(
        "segmentation: labels \(values) taken as \(detected.rawValue); set prepare.labels if that is wrong.")
    }
    let unknownStray = stray.filter { chosen.region($0.key) == nil }
    if !unknownStray.isEmpty {
      let list = unknownStray.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value) voxels)" }
      notes.append("segmentation: stray labels ignored: \(list.joined(separator: ", ")).")
    }
    segmentation = TumorSegmentation(
      grid: image.grid,
      voxels: image.voxels.map { (chosen.region(Int($0.rounded())) ?? .none).rawValue })
    self.convention = chosen
    warnings = notes
  }
}

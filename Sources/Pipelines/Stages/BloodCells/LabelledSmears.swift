import BloodCells
import Foundation
import ImageFiles
import Imaging

/// Smears whose cells were typed by people: pictures, a table `cells.csv` (image, x, y, class_name) and, where it is known
/// which pictures show one slide, a table `images.csv` (image, slide_group).
public struct LabelledSmears: Sendable {
  /// One picture with its labels.
  public struct Smear: Sendable {
    /// The picture.
    public let file: URL
    /// The slide it shows; its own name where that is not known.
    public let slide: String
    /// The labelled cells; there may be more.
    public let labels: [CellLabel]
    /// The places of cells labelled as something that is not learned.
    let otherLabels: [SIMD2<Double>]
  }

  /// The twelve types of Chula RBC-12 that arXiv 2012.01321 tells apart, in its order.
  public static let paperTypes = [
    "normal", "macrocyte", "microcyte", "spherocyte", "target", "stomatocyte", "ovalocyte", "teardrop",
    "burr",
    "schistocyte", "uncategorised", "hypochromia",
  ]
  /// Those with fewer than 500 labels there.
  public static let rareTypes = ["microcyte", "teardrop", "uncategorised"]

  /// The names of the types.
  public let types: [String]
  /// The pictures with at least one label of these types, by name; all of them where cells without labels are wanted too.
  public let smears: [Smear]

  /// The labelled pictures among `images`.
  ///
  /// - Parameters:
  ///   - slides: The table of slides; nil where every picture is a slide of its own.
  ///   - types: The types to learn; labels of others are left out.
  ///   - unlabelled: Whether pictures without labels are taken as well.
  /// - Throws: ``CellTableError`` or an error of reading the tables.
  public init(
    images: [URL], cells: URL, slides: URL?, types: [String], unlabelled: Bool = false
  ) throws {
    var labels: [String: [CellLabel]] = [:]
    var others: [String: [SIMD2<Double>]] = [:]
    for row in try Self.rows(of: cells, columns: ["image", "x", "y", "class_name"]) {
      guard let x = Double(row[1]), let y = Double(row[2]), x.isFinite, y.isFinite else {
        throw CellModelError.unusableLabels(reason: "\(cells.path): a place is '\(row[1]),\(row[2])'")
      }
      guard let type = types.firstIndex(of: row[3]) else {
        others[row[0], default: []].append([x, y])
        continue
      }
      labels[row[0], default: []].append(CellLabel(center: [x, y], type: type))
    }
    var groups: [String: String] = [:]
    if let slides {
      for row in try Self.rows(of: slides, columns: ["image", "slide_group"]) { groups[row[0]] = row[1] }
    }
    self.types = types
    smears = images.sorted { $0.lastPathComponent < $1.lastPathComponent }.compactMap { file in
      let name = file.lastPathComponent
      guard let labels = labels[name] ?? (unlabelled ? [] : nil) else { return nil }
      return Smear(
        file: file, slide: groups[name] ?? name, labels: labels, otherLabels: others[name] ?? [])
    }
    guard smears.contains(where: { !$0.labels.isEmpty }) else {
      throw CellModelError.unusableLabels(
        reason: "\(cells.path) names none of the \(images.count) pictures with a type of "
          + types.joined(separator: ", "))
    }
  }

  /// The labelled pictures of a folder with `images/`, `cells.csv` and perhaps `images.csv`.
  public init(folder: URL, types: [String]) throws {
    let slides = folder.appendingPathComponent("images.csv")
    let names = try FileManager.default.contentsOfDirectory(
      at: folder.appendingPathComponent("images"), includingPropertiesForKeys: nil)
    try self.init(
      images: names, cells: folder.appendingPathComponent("cells.csv"),
      slides: FileManager.default.fileExists(atPath: slides.path) ? slides : nil, types: types)
  }

  private static func rows(of url: URL, columns: [String]) throws -> [[String]] {
    do {
      return try CellTable.rows(String(contentsOf: url, encoding: .utf8), columns: columns)
    } catch let error as CellTableError {
      throw CellModelError.unusableLabels(reason: "\(url.path): \(error.description)")
    }
  }

  /// What came of separating the pictures.
  public struct Harvest: Sendable {
    /// The labelled cells that were found.
    public var samples: [CellSample] = []
    /// The cells that nobody labelled, where they are wanted.
    public var unlabelled: [UnlabelledCell] = []
    /// Labels without a cell near them.
    public var missed = 0
    /// The smallest and the largest median cell diameter of the pictures, in pixels.
    public var diameters = [Double.infinity, 0]
    /// Pictures that could not be used, with the reason.
    public var refused: [String] = []
  }

  /// Separates every picture and cuts out the labelled cells.
  ///
  /// - Parameters:
  ///   - reference: The median diameter that features compare with, in pixels.
  ///   - unlabelled: Whether to cut out the other cells too, but those labelled as something that is not learned.
  public func samples(
    reference: Double, unlabelled: Bool = false, progress: (Double) throws -> Void
  ) throws -> Harvest {
    var harvest = Harvest()
    for (index, smear) in smears.enumerated() {
      try progress(Double(index) / Double(smears.count))
      do {
        let image = try RasterFile.read(path: smear.file.path).rgb
        let balanced = try BalancedSmear(image)
        let found = try SmearSeparator.best(balanced)
        guard let diameter = found.medianCellDiameter else {
          harvest.missed += smear.labels.count
          continue
        }
        harvest.diameters = [min(harvest.diameters[0], diameter), max(harvest.diameters[1], diameter)]
        let cells = found.cells(for: smear.labels, reach: 0.4)
        let matched = zip(smear.labels, cells).compactMap { label, cell in cell.map { (label, $0) } }
        harvest.missed += smear.labels.count - matched.count
        var rest: [Int] = []
        if unlabelled {
          let others = smear.otherLabels.map { CellLabel(center: $0, type: 0) }
          let named = Set((cells + found.cells(for: others, reach: 0.4)).compactMap(\.self))
          rest = found.cells.indices.filter { !named.contains($0) }
        }
        let inputs = found.portraits(of: matched.map(\.1) + rest, in: balanced, reference: reference)
        let source = smear.file.lastPathComponent
        for ((label, _), input) in zip(matched, inputs) {
          harvest.samples.append(
            CellSample(input: input, type: label.type, source: source, slide: smear.slide))
        }
        for input in inputs.dropFirst(matched.count) {
          harvest.unlabelled.append(UnlabelledCell(input: input, source: source, slide: smear.slide))
        }
      } catch let error as BloodCellsError {
        harvest.refused.append("\(smear.file.lastPathComponent): \(error)")
        harvest.missed += smear.labels.count
      } catch let error as ImageFileError {
        harvest.refused.append("\(error)")
        harvest.missed += smear.labels.count
      }
    }
    return harvest
  }
}

import Metrics

/// Labelled places of one image, with types where the table has them.
public struct CellLabelTable: Sendable {
  /// The labels.
  public let labels: [(center: SIMD2<Double>, type: String?)]

  /// Reads a table with the columns `x` and `y`, and perhaps `class_name`; where it has a column `image`, only lines whose
  /// image is `image`, with or without its ending.
  /// - Throws: ``CellTableError`` naming the line that cannot be read.
  public init(_ text: String, image: String) throws(CellTableError) {
    let header = text.prefix { !$0.isNewline }.split(separator: ",").map(String.init)
    let places = try CellTable.centers(text)
    let types = header.contains("class_name") ? try CellTable.rows(text, columns: ["class_name"]) : nil
    let images = header.contains("image") ? try CellTable.rows(text, columns: ["image"]) : nil
    labels = places.indices.compactMap { index in
      if let name = images?[index][0], name != image, !name.hasPrefix("\(image).") { return nil }
      return (places[index], types?[index][0])
    }
  }
}

/// Cells found against cells labelled: are they in the right place, and is their type right?
public struct PlacedAndTyped: Sendable {
  /// Cells in the right place, invented and missed.
  public let placed: DetectionCounts
  /// Cells in the right place with the right type; nil where the labels have no types.
  public let typed: DetectionCounts?
  /// The mean distance of cells in the right place from their labels; nil without any.
  public let meanDistance: Double?
  /// The names of the types that occur, sorted.
  public let types: [String]
  /// The types of cells in the right place.
  public let confusion: ConfusionMatrix

  /// One-to-one pairs of cells and labels at most `radius` pixels apart.
  public init(
    cells: [(center: SIMD2<Double>, type: String)], labels: [(center: SIMD2<Double>, type: String?)],
    radius: Double
  ) {
    let matching = PointMatching(
      predicted: cells.map(\.center), reference: labels.map(\.center), radius: radius)
    placed = matching.counts
    meanDistance = matching.meanDistance
    let named = matching.pairs.compactMap { pair in
      labels[pair.reference].type.map { (labelled: $0, found: cells[pair.predicted].type) }
    }
    let types = Set(named.flatMap { [$0.labelled, $0.found] }).sorted()
    self.types = types
    func places(_ names: [String]) -> [Int] { names.compactMap { types.firstIndex(of: $0) } }
    confusion = ConfusionMatrix(
      reference: places(named.map(\.labelled)), predicted: places(named.map(\.found)), classes: types.count)
    let right = named.count { $0.labelled == $0.found }
    typed =
      labels.contains { $0.type != nil }
      ? DetectionCounts(
        truePositives: right, falsePositives: cells.count - right, falseNegatives: labels.count - right)
      : nil
  }
}

import ImageAnalysis
import Imaging
import Metrics
import Numerics

/// A cell with its picture, its features, and where it comes from.
public struct CellSample: Sendable {
  /// Its picture and features.
  public let input: CellInput
  /// The type by its place in the list of types.
  public let type: Int
  /// The file it was cut from.
  public let source: String
  /// The slide that was photographed.
  public let slide: String

  /// A labelled cell.
  public init(input: CellInput, type: Int, source: String, slide: String) {
    self.input = input
    self.type = type
    self.source = source
    self.slide = slide
  }
}

/// A cell that nobody labelled: it may be of any type.
public struct UnlabelledCell: Sendable {
  /// Its picture and features.
  public let input: CellInput
  /// The file it was cut from.
  public let source: String
  /// The slide that was photographed.
  public let slide: String

  /// A cell without a label.
  public init(input: CellInput, source: String, slide: String) {
    self.input = input
    self.source = source
    self.slide = slide
  }
}

/// A cell as people labelled it: a place and a type.
public struct CellLabel: Sendable, Hashable {
  /// The labelled point, in pixels.
  public let center: SIMD2<Double>
  /// The type by its place in the list of types.
  public let type: Int

  /// A label.
  public init(center: SIMD2<Double>, type: Int) {
    self.center = center
    self.type = type
  }
}

extension SeparatedSmear {
  /// The cell that each label means: one-to-one, at most `reach` median cell diameters apart; nil where none was found.
  ///
  /// A cell without a label means nothing: only some cells may have been labelled.
  public func cells(for labels: [CellLabel], reach: Double) -> [Int?] {
    guard let diameter = medianCellDiameter else { return labels.map { _ in nil } }
    let matching = PointMatching(
      predicted: cells.map(\.ellipse.center), reference: labels.map(\.center), radius: reach * diameter)
    var found = [Int?](repeating: nil, count: labels.count)
    for pair in matching.pairs { found[pair.reference] = pair.predicted }
    return found
  }

  /// What a classifier takes of the cells at `places`; every cell of the smear counts for their profiles.
  ///
  /// - Parameter reference: The median cell's diameter in images of known magnification, as ``CellFeatures`` takes it.
  public func portraits(
    of places: [Int], in smear: BalancedSmear, reference: Double?
  ) -> [CellInput] {
    guard let area = medianCellArea, let diameter = medianCellDiameter else { return [] }
    let all = Parallel.mapSlabs(of: cells.indices) { slab in
      slab.map { index in
        let image = CellImage(of: cells[index], in: smear, labels: labels, diameter: diameter)
        let shape = shape(of: cells[index], in: smear, medianArea: area)
        let features = CellFeatures(shape, diameter: diameter, reference: reference)
        return (image: image, features: features, own: CellProfile.own(image, features))
      }
    }.flatMap(\.self)
    let profiles = CellProfile.profiles(all.map(\.own))
    return places.map { CellInput(image: all[$0].image, features: all[$0].features, profile: profiles[$0]) }
  }
}

import Foundation

/// What is known of a cell without a network, and how the other cells of its image compare: a type is judged by a look at
/// the whole field, where stain, focus and the patient's cells are the same.
public struct CellProfile: Sendable, Hashable {
  /// Numbers of the cell alone: ``PolarDescriptors``, their logarithms, ``CellFeatures``.
  public static let ownCount = 2 * PolarDescriptors.count + CellFeatures.count
  /// All numbers: the cell's own, their means over the other cells of the image, their standard deviations there.
  public static let count = 3 * ownCount

  /// The numbers.
  public let values: [Float]

  /// Numbers made elsewhere, such as read from a file.
  public init(values: [Float]) {
    precondition(values.count == Self.count, "\(Self.count) numbers expected")
    self.values = values
  }

  /// The profiles of all cells of one image, given what each has of its own (``own(_:_:)``).
  ///
  /// For a cell alone in its image the others are taken to be like itself.
  public static func profiles(_ own: [[Float]]) -> [CellProfile] {
    var (sums, squares) = ([Double](repeating: 0, count: ownCount), [Double](repeating: 0, count: ownCount))
    for cell in own {
      precondition(cell.count == ownCount, "\(ownCount) numbers expected")
      for (index, value) in cell.enumerated() {
        sums[index] += Double(value)
        squares[index] += Double(value) * Double(value)
      }
    }
    let others = Double(own.count - 1)
    return own.map { cell in
      guard others > 0 else { return CellProfile(values: cell + cell + cell.map { _ in 0 }) }
      let means = cell.indices.map { (sums[$0] - Double(cell[$0])) / others }
      let spreads = cell.indices.map { index in
        let value = Double(cell[index])
        return max(0, (squares[index] - value * value) / others - means[index] * means[index]).squareRoot()
      }
      return CellProfile(values: cell + means.map { Float($0) } + spreads.map { Float($0) })
    }
  }

  /// A cell's own numbers.
  public static func own(_ image: CellImage, _ features: CellFeatures) -> [Float] {
    let descriptors = PolarDescriptors(of: image).values
    return descriptors + descriptors.map { log(abs($0) + 0.003) } + features.values
  }
}

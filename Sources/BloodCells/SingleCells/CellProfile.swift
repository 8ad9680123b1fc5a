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
      for index in 0..<ownCount {
        let value = Double(cell[index])
        sums[index] += value
        squares[index] += value * value
      }
    }
    let others = Double(own.count - 1)
    guard others > 0 else { return own.map { CellProfile(values: $0 + $0 + $0.map { _ in 0 }) } }
    return own.map { cell in
      CellProfile(
        values: [Float](unsafeUninitializedCapacity: count) { target, filled in
          filled = count
          for index in 0..<ownCount {
            let value = Double(cell[index])
            let mean = (sums[index] - value) / others
            let variance = (squares[index] - value * value) / others - mean * mean
            target[index] = cell[index]
            target[ownCount + index] = Float(mean)
            target[2 * ownCount + index] = Float(max(0, variance).squareRoot())
          }
        })
    }
  }

  /// A cell's own numbers.
  public static func own(_ image: CellImage, _ features: CellFeatures) -> [Float] {
    let descriptors = PolarDescriptors(of: image).values
    return descriptors + descriptors.map { log(abs($0) + 0.003) } + features.values
  }
}

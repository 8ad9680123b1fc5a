import Foundation

/// What a network takes of one cell.
public struct CellInput: Sendable {
  /// The picture.
  public let image: CellImage
  /// The features.
  public let features: CellFeatures
  /// What is known without a network, of the cell and of the others in its image.
  public let profile: CellProfile

  /// The input for one cell.
  public init(image: CellImage, features: CellFeatures, profile: CellProfile) {
    self.image = image
    self.features = features
    self.profile = profile
  }

  /// Values of one input.
  public static let count = CellNetwork.channels * CellImage.inputSide * CellImage.inputSide

  /// Colours as four times their distance from the empty slide, so that it is 0 like the padding of convolutions;
  /// membership 1 for the cell, −1 for others, 0 for the slide; the features as constant planes.
  ///
  /// Only the disc that the square encloses is shown: a turned picture then looks like any other.
  public func write(_ augmentation: CellAugmentation, to target: UnsafeMutableBufferPointer<Float>) {
    let (side, whole) = (CellImage.inputSide, CellImage.side)
    precondition(target.count == Self.count, "room for one input")
    let area = side * side
    let level = BalancedSmear.backgroundLevel
    // One table a colour: the light through the stain, already scaled.
    var table = [Float](repeating: 0, count: 3 * 256)
    for c in 0..<3 {
      for value in 0..<256 {
        let light = pow(max(1, Float(value)) / level, augmentation.stain[c]) * augmentation.gain[c]
        table[256 * c + value] = 4 * (light - 1)
      }
    }
    let (turn, flip) = (
      SIMD2(cos(augmentation.angle), sin(augmentation.angle)), Float(augmentation.isMirrored ? -1 : 1)
    )
    let limit = Float(whole) - 1.001
    withUnsafeTemporaryAllocation(of: SIMD4<Float>.self, capacity: whole * whole) { picture in
      table.withUnsafeBufferPointer { table in
        for (index, pixel) in image.pixels.enumerated() {
          picture[index] = SIMD4(
            table[Int(pixel.x)], table[256 + Int(pixel.y)], table[512 + Int(pixel.z)],
            (Float(pixel.w) - Float(CellImage.neutral)) / 127)
        }
      }
      let middle = Float(side - 1) / 2
      for row in 0..<side {
        for column in 0..<side {
          let pixel = row * side + column
          let offset = SIMD2(Float(column), Float(row)) - middle
          guard (offset * offset).sum() <= (middle + 0.5) * (middle + 0.5) else {
            for channel in 0..<4 { target[channel * area + pixel] = 0 }
            continue
          }
          let turned = SIMD2(
            flip * (turn.x * offset.x - turn.y * offset.y), turn.y * offset.x + turn.x * offset.y)
          let place = pointwiseMin(
            pointwiseMax(turned + Float(whole - 1) / 2 + augmentation.shift, SIMD2(repeating: 0)),
            SIMD2(repeating: limit))
          let low = place.rounded(.down)
          let weight = place - low
          let corner = Int(low.y) * whole + Int(low.x)
          let top = picture[corner] * (1 - weight.x) + picture[corner + 1] * weight.x
          let bottom = picture[corner + whole] * (1 - weight.x) + picture[corner + whole + 1] * weight.x
          let value = top * (1 - weight.y) + bottom * weight.y
          for channel in 0..<4 { target[channel * area + pixel] = value[channel] }
        }
      }
    }
    let facts = augmentation.hidesMagnification ? features.withoutMagnification : features
    for (index, value) in facts.values.enumerated() {
      target[(4 + index) * area..<(5 + index) * area].update(repeating: value)
    }
  }
}

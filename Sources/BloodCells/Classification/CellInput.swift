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

  /// Values of one input whose picture has `side` × `side` pixels.
  public static func count(side: Int) -> Int { CellNetwork.channels * side * side }

  /// Colours as four times their distance from the empty slide, so that it is 0 like the padding of convolutions;
  /// membership 1 for the cell, −1 for others, 0 for the slide; the features as constant planes.
  ///
  /// Only the disc that the square encloses is shown: a turned picture then looks like any other.
  ///
  /// - Parameter side: Pixels along each side of the picture. It shows the same for any side: more pixels are finer.
  public func write(
    _ augmentation: CellAugmentation, side: Int, to target: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(target.count == Self.count(side: side), "room for one input")
    if augmentation == CellAugmentation() && side == CellImage.inputSide {
      writePlainPicture(to: target)
    } else {
      writePicture(augmentation, side: side, to: target)
    }
    let area = side * side
    let facts = augmentation.hidesMagnification ? features.withoutMagnification : features
    for (index, value) in facts.values.enumerated() {
      target[(4 + index) * area..<(5 + index) * area].update(repeating: value)
    }
  }

  /// The planes of colour and membership, turned, shifted and stained as `augmentation` says.
  private func writePicture(
    _ augmentation: CellAugmentation, side: Int, to target: UnsafeMutableBufferPointer<Float>
  ) {
    let whole = CellImage.side
    let scale = Float(CellImage.inputSide) / Float(side)
    let area = side * side
    let table = Self.levels(augmentation)
    let (turn, flip) = (
      SIMD2(cos(augmentation.angle), sin(augmentation.angle)), Float(augmentation.isMirrored ? -1 : 1)
    )
    let limit = Float(whole) - 1.001
    withUnsafeTemporaryAllocation(of: SIMD4<Float>.self, capacity: whole * whole) { picture in
      table.withUnsafeBufferPointer { table in
        for (index, pixel) in image.pixels.enumerated() {
          picture[index] = SIMD4(
            table[Int(pixel.x)], table[256 + Int(pixel.y)], table[512 + Int(pixel.z)],
            Self.membership(pixel.w))
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
          let turned =
            scale
            * SIMD2(
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
  }

  /// The planes of colour and membership of the picture as it is: its middle, pixel by pixel.
  private func writePlainPicture(to target: UnsafeMutableBufferPointer<Float>) {
    let (side, whole) = (CellImage.inputSide, CellImage.side)
    let area = side * side
    let (margin, middle) = ((whole - side) / 2, Float(side - 1) / 2)
    Self.plainLevels.withUnsafeBufferPointer { table in
      image.pixels.withUnsafeBufferPointer { pixels in
        for row in 0..<side {
          let high = Float(row) - middle
          let half = ((middle + 0.5) * (middle + 0.5) - high * high).squareRoot()
          let disc = Int((middle - half).rounded(.up))..<Int((middle + half).rounded(.down)) + 1
          for channel in 0..<4 {
            target[channel * area + row * side..<channel * area + (row + 1) * side].update(repeating: 0)
          }
          for column in disc {
            let pixel = pixels[(row + margin) * whole + column + margin]
            let place = row * side + column
            target[place] = table[Int(pixel.x)]
            target[area + place] = table[256 + Int(pixel.y)]
            target[2 * area + place] = table[512 + Int(pixel.z)]
            target[3 * area + place] = Self.membership(pixel.w)
          }
        }
      }
    }
  }

  private static let plainLevels = levels(CellAugmentation())

  /// One table of 256 values a colour: the light through the stain, already scaled.
  private static func levels(_ augmentation: CellAugmentation) -> [Float] {
    (0..<3).flatMap { c in
      (0..<256).map { value in
        let light = Float(max(1, value)) / BalancedSmear.backgroundLevel
        return 4 * (pow(light, augmentation.stain[c]) * augmentation.gain[c] - 1)
      }
    }
  }

  private static func membership(_ value: UInt8) -> Float {
    (Float(value) - Float(CellImage.neutral)) / 127
  }
}

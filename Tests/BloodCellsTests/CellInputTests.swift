import BloodCells
import Foundation
import ImageAnalysis
import Imaging
import Numerics
import Testing

@Suite("What a classifier sees of a cell") struct CellInputTests {
  static let area = CellImage.inputSide * CellImage.inputSide

  func input(
    _ image: CellImage, _ augmentation: CellAugmentation = CellAugmentation(), side: Int = CellImage.inputSide
  ) -> [Float] {
    let features = CellFeatures(values: (0..<CellFeatures.count).map { Float($0 + 1) })
    var values = [Float](repeating: .nan, count: CellInput.count(side: side))
    values.withUnsafeMutableBufferPointer {
      CellInput(
        image: image, features: features,
        profile: CellProfile(values: [Float](repeating: 0, count: CellProfile.count))
      ).write(augmentation, side: side, to: $0)
    }
    return values
  }

  /// A picture without symmetry.
  let picture = CellImage(
    pixels: (0..<CellImage.side * CellImage.side).map {
      let (x, y) = ($0 % CellImage.side, $0 / CellImage.side)
      return SIMD4(UInt8(40 + 2 * x), UInt8(250 - 2 * y), UInt8(30 + x + y), x > 30 && y > 20 ? 255 : 1)
    })

  @Test("The empty slide is zero everywhere, whatever the stain") func emptySlide() {
    let empty = CellImage(
      pixels: Array(repeating: [224, 224, 224, CellImage.neutral], count: CellImage.side * CellImage.side))
    var thick = CellAugmentation()
    (thick.stain, thick.angle) = (SIMD3(repeating: 1.5), 0.4)
    #expect(input(empty, thick)[..<(4 * Self.area)].allSatisfy { $0 == 0 })
  }

  @Test("The picture as it is and the least shift of it are the same") func plainView() {
    var shifted = CellAugmentation()
    shifted.shift.x = .leastNonzeroMagnitude
    #expect(input(picture) == input(picture, shifted))
  }

  @Test("A picture of twice as many pixels shows the same: the means of four of them are the picture")
  func finerPicture() {
    let even = CellImage(
      pixels: (0..<CellImage.side * CellImage.side).map {
        let (x, y) = ($0 % CellImage.side, $0 / CellImage.side)
        return SIMD4(UInt8(40 + 2 * x), UInt8(250 - 2 * y), UInt8(30 + x + y), 255)
      })
    let side = CellImage.inputSide
    let (coarse, fine) = (input(even), input(even, side: 2 * side))
    var (compared, worst) = (0, Float(0))
    for channel in 0..<4 {
      for y in 0..<side {
        for x in 0..<side where hypot(Double(x) - 31.5, Double(y) - 31.5) < 30 {
          let corner = (2 * channel * side + 2 * y) * 2 * side + 2 * x
          let mean =
            (fine[corner] + fine[corner + 1] + fine[corner + 2 * side] + fine[corner + 2 * side + 1]) / 4
          worst = max(worst, abs(mean - coarse[channel * Self.area + y * side + x]))
          compared += 1
        }
      }
    }
    #expect(compared > 10_000 && worst < 1e-5)
    #expect(fine[(4 * 4 * Self.area)...].prefix(3) == [1, 1, 1])
  }

  @Test("A quarter turn of the augmentation is a quarter turn of the input") func quarterTurn() {
    var turned = CellAugmentation()
    turned.angle = .pi / 2
    let (plain, quarter) = (input(picture), input(picture, turned))
    let side = CellImage.inputSide
    var worst: Float = 0
    for channel in 0..<4 {
      for y in 0..<side {
        for x in 0..<side {
          // Place (x, y) of the turned input shows what lies at (−y, x) of the plain one, about the middle.
          let other = channel * Self.area + x * side + (side - 1 - y)
          worst = max(worst, abs(quarter[channel * Self.area + y * side + x] - plain[other]))
        }
      }
    }
    #expect(worst < 2e-4)
  }

  @Test("Mirroring twice is nothing, and mirrored pictures differ") func mirror() {
    var mirrored = CellAugmentation()
    mirrored.isMirrored = true
    let (plain, other) = (input(picture), input(picture, mirrored))
    let side = CellImage.inputSide
    #expect(plain != other)
    for y in 0..<side {
      for x in 0..<side { #expect(abs(other[y * side + x] - plain[y * side + side - 1 - x]) < 2e-4) }
    }
  }

  @Test("Features are constant planes, and hiding the magnification changes only the last two")
  func planes() {
    var hidden = CellAugmentation()
    hidden.hidesMagnification = true
    let (plain, other) = (input(picture), input(picture, hidden))
    for feature in 0..<CellFeatures.count {
      let range = (4 + feature) * Self.area..<(5 + feature) * Self.area
      #expect(plain[range].allSatisfy { $0 == Float(feature + 1) })
      let expected: Float = feature < CellFeatures.count - 2 ? Float(feature + 1) : 0
      #expect(other[range].allSatisfy { $0 == expected })
    }
  }

  @Test("Sizes are relative to the image's cells unless the magnification is known")
  func magnification() throws {
    let text =
      #"{"relativeArea":2,"axisRatio":1,"solidity":1,"circularity":0.9,"pallor":0,"visibleShare":1}"#
    let shape = try JSONDecoder().decode(CellShape.self, from: Data(text.utf8))
    let unknown = CellFeatures(shape, diameter: 80, reference: nil)
    let known = CellFeatures(shape, diameter: 80, reference: 40)
    #expect(abs(unknown.values[0] - 2 * log(2)) < 1e-6 && Array(unknown.values.suffix(2)) == [0, 0])
    // Twice the area, in an image whose cells have four times the reference's area.
    #expect(abs(known.values[6] - 2 * log(8)) < 1e-5 && known.values[7] == 1)
    #expect(known.withoutMagnification == unknown)
  }

  @Test(
    "The picture of a cell is centred on it, at the scale of the median cell", arguments: [20.0, 50.0, 300.0])
  func picture(radius: Double) {
    let size = Int(6 * radius)
    var image = RGBImage(width: size, height: size, color: [224, 224, 224])
    var labels = Plane<UInt16>(width: size, height: size, filledWith: 0)
    let cell = Ellipse(
      center: SIMD2(repeating: Double(size) / 2), semiAxes: SIMD2(repeating: radius), angle: 0)
    for y in 0..<size {
      for x in 0..<size where cell.normalizedRadius([Double(x), Double(y)]) <= 1 {
        image[x, y] = [112, 100, 90]
        labels[x, y] = 7
      }
    }
    let found = SmearCell(id: 7, ellipse: cell, area: 1, clump: 1, fit: .single, touchesBorder: false)
    let picture = CellImage(
      of: found, in: BalancedSmear(balanced: image), labels: labels, diameter: 2 * radius)
    let side = CellImage.side
    let inside = picture.pixels.count { $0.w > 200 }
    // The disc has the diameter that the design says.
    let expected = Double.pi / 4 * pow(Double(CellImage.inputSide) / CellImage.diameters, 2)
    #expect(abs(Double(inside) / expected - 1) < 0.05)
    #expect(picture.pixels[side / 2 * side + side / 2] == [112, 100, 90, 255])
    #expect(picture.pixels[0] == [224, 224, 224, CellImage.neutral])
    let columns = picture.pixels.indices.filter { picture.pixels[$0].w > 200 }.map { $0 % side }
    let mean = Double(columns.reduce(0, +)) / Double(columns.count)
    #expect(abs(mean - Double(side - 1) / 2) < 0.6)
  }
}

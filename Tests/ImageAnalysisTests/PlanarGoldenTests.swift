import Foundation
import ImageAnalysis
import Imaging
import Testing

/// The rows of `Golden/planar.txt`, made by `Golden/planar.py` with OpenCV.
private func golden() throws -> [String: [Int]] {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "Golden/planar.txt")
  let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
  return Dictionary(
    uniqueKeysWithValues: lines.map { line in
      let words = line.split(separator: " ")
      return (String(words[0]), words.dropFirst().compactMap { Int($0) })
    })
}

/// The picture of `planar.py`.
private let picture = Plane<UInt8>(
  width: 50, height: 37,
  pixels: (0..<37).flatMap { y in
    (0..<50).map { x in
      let inDisc = (x - 25) * (x - 25) + (y - 18) * (y - 18) < 120
      return UInt8((x * 7 + y * 13 + (x * y) / 5 + (inDisc ? 60 : 0)) % 256)
    }
  })

@Suite("Planar operations against OpenCV") struct PlanarGoldenTests {
  @Test("CLAHE equals OpenCV's, a size that is no multiple of the tiles included") func clahe() throws {
    let expected = try #require(golden()["clahe"])
    let found = CLAHE(clipLimit: 3, tiles: [5, 4])(picture)
    #expect(zip(found.pixels, expected).allSatisfy { abs(Int($0) - $1) <= 1 })
    #expect(zip(found.pixels, expected).filter { Int($0) != $1 }.count <= expected.count / 100)
  }

  @Test("The binomial blur equals a separable filter rounded to the nearest") func blur() throws {
    #expect(picture.blurredByBinomial3().pixels.map(Int.init) == (try #require(golden()["blur"])))
  }

  @Test("Otsu's threshold equals OpenCV's") func otsu() throws {
    #expect([otsuThreshold(ofHistogram: picture.histogram())] == (try #require(golden()["otsu"])))
  }

  @Test("Components and contours equal OpenCV's") func components() throws {
    let mask = picture.map { $0 > 128 ? UInt8(1) : 0 }
    let eight = PlanarComponents(of: mask, connectivity: .eight)
    let four = PlanarComponents(of: mask, connectivity: .four)
    #expect(eight.regions.map(\.area).sorted() == (try #require(golden()["areas8"])))
    #expect(four.regions.map(\.area).sorted() == (try #require(golden()["areas4"])))
    let contours = eight.regions.indices.map { eight.outerContour(ofRegion: $0) }
    #expect(contours.map(\.count).sorted() == (try #require(golden()["contours"])))
    let areas = contours.map { Int((2 * Polygon($0).area).rounded()) }
    #expect(areas.sorted() == (try #require(golden()["twiceareas"])))
  }

  @Test("The direct ellipse fit of an arc equals OpenCV's") func directFit() throws {
    let arc = try #require(golden()["arc"])
    let points = stride(from: 0, to: arc.count, by: 2).map { SIMD2(Double(arc[$0]), Double(arc[$0 + 1])) }
    let ellipse = try EllipseFit.direct(points)
    let found = [ellipse.center.x, ellipse.center.y, ellipse.semiAxes.x, ellipse.semiAxes.y].map { $0 * 1000 }
    // OpenCV works in single precision on some steps.
    for (value, expected) in zip(found, try #require(golden()["direct"])) {
      #expect(abs(value - Double(expected)) < 30)
    }
  }
}

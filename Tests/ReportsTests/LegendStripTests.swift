import Imaging
import Reports
import Testing

@Suite("Legends of picture files") struct LegendStripTests {
  let entries = [
    LegendEntry(.green, "normal (40)"), LegendEntry(.orange, "target (3)"), LegendEntry(.purple, "burr (1)"),
  ]

  /// A picture in which every pixel differs from its neighbours.
  func picture(_ width: Int, _ height: Int) -> RGBImage {
    RGBImage(
      width: width, height: height,
      samples: (0..<3 * width * height).map { UInt8(truncatingIfNeeded: 37 * $0) })
  }

  /// Where `color` occurs below `row`: upper left and lower right corner.
  func box(of color: SIMD3<UInt8>, in image: RGBImage, below row: Int) -> (SIMD2<Int>, SIMD2<Int>)? {
    var corners: (SIMD2<Int>, SIMD2<Int>)?
    for y in row..<image.height {
      for x in 0..<image.width where image[x, y] == color {
        let (low, high) = corners ?? (SIMD2(x, y), SIMD2(x, y))
        corners = (SIMD2(min(low.x, x), low.y), SIMD2(max(high.x, x), y))
      }
    }
    return corners
  }

  @Test(
    "Nothing of the picture is covered; a swatch and a text for each colour lie below it",
    arguments: [320, 640, 1300])
  func belowThePicture(width: Int) throws {
    let plain = picture(width, 48)
    let image = plain.withLegend(entries)
    #expect(image.width == width && image.height > 48)
    #expect((Array(image.samples[..<plain.samples.count]) == plain.samples) == true)
    var last = SIMD2(-1, 48)
    for entry in entries {
      let (low, high) = try #require(box(of: entry.color.rgb, in: image, below: 48))
      // Square, on the strip, behind the one before it.
      #expect(high.x - low.x == high.y - low.y && low.y > 48 && high.y < image.height)
      #expect(low.y > last.y || low.x > last.x)
      last = SIMD2(high.x, low.y)
      // Its text is as high as the swatch at least and stands to the right of it.
      let dark = (high.x + 1..<min(width, high.x + 40)).contains { x in
        (low.y...high.y).contains { image[x, $0] == [0, 0, 0] }
      }
      #expect(dark, "no text at \(entry.text)")
    }
  }

  @Test("Where they do not fit side by side entries stand below each other; long texts end at the border")
  func narrow() throws {
    let image = picture(90, 10).withLegend(entries)
    let places = try entries.map { try #require(box(of: $0.color.rgb, in: image, below: 10)).0 }
    #expect(
      places.allSatisfy { $0.x == places[0].x } && places[0].y < places[1].y && places[1].y < places[2].y)
    let long = picture(60, 10).withLegend([LegendEntry(.sky, String(repeating: "schistocyte ", count: 30))])
    #expect(long.width == 60 && box(of: [0, 0, 0], in: long, below: 10) != nil)
  }

  @Test("Letters look like letters; what has no letter is a question mark") func letters() {
    // The text begins behind the swatch and two margins, at a dot a pixel.
    func drawn(_ text: String) -> [String] {
      let image = picture(100, 4).withLegend([LegendEntry(.gray, text)])
      return (8..<17).map { y in (15..<20).map { image[$0, y] == [0, 0, 0] ? "#" : "." }.joined() }
    }
    #expect(
      drawn("h") == ["#....", "#....", "#.##.", "##..#", "#...#", "#...#", "#...#", ".....", "....."])
    #expect(drawn("H") == drawn("h") && drawn("細") == drawn("?") && drawn(" ").allSatisfy { $0 == "....." })
    let all = "abcdefghijklmnopqrstuvwxyz0123456789().,-_/+%:'".map { drawn(String($0)) }
    #expect(Set(all).count == all.count)
  }

  @Test("Without entries the picture is as it was") func empty() {
    #expect((picture(40, 40).withLegend([]) == picture(40, 40)) == true)
  }
}

import Foundation
import ImageFiles
import Imaging
import TestSupport
import Testing

@Suite("JPEG for reports")
struct JPEGWriterTests {
  @Test("A smooth picture comes back nearly as it was, grey and in colour")
  func roundTrip() throws {
    var gray = Plane<UInt8>(width: 64, height: 48, filledWith: 0)
    for y in 0..<48 { for x in 0..<64 { gray[x, y] = UInt8(3 * x + y) } }
    var color = RGBImage(width: 64, height: 48, color: .zero)
    for y in 0..<48 {
      for x in 0..<64 { color[x, y] = [gray[x, y], gray[x, y] / 2, 255 - gray[x, y]] }
    }
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("a.jpg").path
      try Data(JPEGWriter(quality: 95).encode(gray)).write(to: URL(fileURLWithPath: path))
      guard case .gray8(let found) = try RasterFile.read(path: path).pixels else {
        Issue.record("not grey")
        return
      }
      #expect(zip(found.pixels, gray.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 4 })
      try Data(JPEGWriter(quality: 95).encode(color)).write(to: URL(fileURLWithPath: path))
      let back = try RasterFile.read(path: path).rgb
      #expect(zip(back.samples, color.samples).allSatisfy { abs(Int($0) - Int($1)) <= 12 })
    }
  }

  @Test("A picture longer than the format allows is refused")
  func tooLong() {
    #expect(throws: ImageFileError.self) {
      try JPEGWriter(quality: 80).encode(Plane<UInt8>(width: 65501, height: 1, filledWith: 0))
    }
  }
}

import Foundation
import ImageFiles
import Imaging
import TestSupport
import Testing

@Suite("Smears that are odd files, through the program") struct OddSmearTests {
  @Test("A grey PNG of 16 bits gives the cells of the same picture in 8 bits") func grey() throws {
    try withTemporaryFolder { folder in
      let drawn = try Program.finished(
        ["synthesize", "blood", "--output", "drawn", "--count", "1", "--set", "size=320,240"],
        in: folder)
      #expect(drawn.status == 0, "\(drawn.errors)")
      let images = folder.appendingPathComponent("drawn/images")
      let name = try #require(try FileManager.default.contentsOfDirectory(atPath: images.path).first)
      let green = try RasterFile.read(path: images.appendingPathComponent(name).path).rgb.channel(1)
      let deep = Plane<UInt16>(
        width: green.width, height: green.height, pixels: green.pixels.map { 257 * UInt16($0) })
      try PNGWriter().write(green, to: folder.appendingPathComponent("shallow.png").path)
      try PNGWriter().write(deep, to: folder.appendingPathComponent("deep.png").path)
      var tables: [String] = []
      for name in ["shallow", "deep"] {
        let run = try Program.finished(["run", "blood", "\(name).png", "--output", "out"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        tables.append(try cells(folder, name))
      }
      #expect(tables[0] == tables[1])
      #expect(tables[0].split(separator: "\n").count > 5)
    }
  }

  @Test("An empty slide has a table without cells and a report") func emptySlide() throws {
    try withTemporaryFolder { folder in
      var image = RGBImage(width: 200, height: 160, color: [224, 226, 228])
      for i in image.samples.indices where i % 7 == 0 { image.samples[i] -= 2 }
      try PNGWriter().write(image, to: folder.appendingPathComponent("empty.png").path)
      let run = try Program.finished(["run", "blood", "empty.png", "--output", "out"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
      #expect(try cells(folder, "empty").split(separator: "\n").count == 1)
      let report = folder.appendingPathComponent("out/empty/report.html")
      #expect(FileManager.default.fileExists(atPath: report.path))
    }
  }

  @Test("A ragged blob as large as the slide is refused by name or has no cells") func blob() throws {
    try withTemporaryFolder { folder in
      var image = RGBImage(width: 240, height: 200, color: [224, 226, 228])
      for y in 0..<200 {
        for x in 0..<240 {
          let offset = SIMD2(Double(x) - 120, Double(y) - 100)
          let edge = 70 + 18 * sin(7 * atan2(offset.y, offset.x))
          if (offset * offset).sum() < edge * edge { image[x, y] = [190, 120, 120] }
        }
      }
      try PNGWriter().write(image, to: folder.appendingPathComponent("blob.png").path)
      let run = try Program.finished(["run", "blood", "blob.png", "--output", "out"], in: folder)
      #expect(run.status == 65 || run.status == 0, "\(run.errors)")
      if run.status == 65 {
        #expect(run.errors.contains("blob"), "\(run.errors)")
      } else {
        #expect(try cells(folder, "blob").split(separator: "\n").count <= 9)
      }
    }
  }

  private func cells(_ folder: URL, _ name: String) throws -> String {
    try String(
      contentsOf: folder.appendingPathComponent("out/\(name)/03-separate/cells.csv"), encoding: .utf8)
  }
}

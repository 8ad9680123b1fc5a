import Foundation
import ImageFiles
import Imaging
import Reports
import TestSupport
import Testing

/// What a browser makes of a page, as blocks of pixels: letters differ between machines, boxes and pictures do not.
@Suite("Pages in a browser", .enabled(if: Browser.path != nil, "needs Chromium"))
struct ScreenshotTests {
  /// Side of a block, in pixels.
  static let block = 20

  @Test("A page looks as it did, on a screen and on a phone", arguments: [1200, 480])
  func page(width: Int) throws {
    let shot = try blocks(of: Browser.screenshot(of: try Self.report().html(), width: width, height: 1600))
    let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Golden/page-\(width).png")
    if ProcessInfo.processInfo.environment["MALPIGHI_RECORD"] != nil {
      try Data(try PNGWriter().encode(shot)).write(to: golden)
    }
    let expected = try RasterFile.read(path: golden.path).rgb
    try #require(expected.width == shot.width && expected.height == shot.height)
    let differences = zip(shot.samples, expected.samples).map { abs(Int($0) - Int($1)) }
    let mean = Double(differences.reduce(0, +)) / Double(differences.count)
    #expect(mean < 3, "blocks differ by \(mean) of 255 on average; look, then MALPIGHI_RECORD=1")
    let far = differences.count { $0 > 60 }
    #expect(far < differences.count / 50, "\(far) of \(differences.count) blocks are quite different")
  }

  /// Highlights, projections, the viewer with its projection that turns, a curve, bars, a table.
  private static func report() throws -> Report {
    let shape = VoxelShape(48, 48, 48)
    let mask = Phantom.tubes(48, shift: 0)
    let label = Phantom.tubes(48, shift: 2)
    let wave = Phantom.wave(shape)
    let image = Phantom.volume(shape) { i, j, k in wave[i, j, k] + 4 * Float(mask[i, j, k]) }
    let pictures = MaskPictures(image: image, mask: mask, label: label)
    var report = Report(title: "phantom", subtitle: "A ring, a ball and a bent tube")
    report.highlights = [Report.Highlight("Dice", "0.850"), Report.Highlight("clDice", "0.891")]
    report.warnings = ["A warning stands here."]
    report.sections = [
      Report.Section("Projections", [.figures(try pictures.projections()), .legend(pictures.legend)]),
      Report.Section("Slices", [.viewer(try pictures.viewer())]),
      Report.Section(
        "Numbers",
        [
          .chart(
            LineChart(
              title: "loss", horizontal: "epoch", curves: [.init("train", [[0, 1], [1, 0.4], [2, 0.3]])])
          ),
          .bars(BarChart(title: "Dice", bars: [.init("one", 0.8), .init("two", 0.4)])),
          .table(Table(columns: ["case", "dice"], rows: [[Table.Cell("one"), Table.Cell(0.8)]])),
        ]),
    ]
    return report
  }

  /// The mean colour of every block.
  private func blocks(of image: RGBImage) -> RGBImage {
    let block = Self.block
    var result = RGBImage(width: image.width / block, height: image.height / block, color: .zero)
    for y in 0..<result.height {
      for x in 0..<result.width {
        var sum = SIMD3<Int>.zero
        for v in 0..<block {
          for u in 0..<block { sum &+= SIMD3<Int>(truncatingIfNeeded: image[x * block + u, y * block + v]) }
        }
        result[x, y] = SIMD3<UInt8>(truncatingIfNeeded: sum / (block * block))
      }
    }
    return result
  }
}

/// Chromium without a window, where it is installed.
private enum Browser {
  static let path: String? = ["chromium", "chromium-browser", "google-chrome"].lazy
    .map { "/usr/bin/\($0)" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  static func screenshot(of page: String, width: Int, height: Int) throws -> RGBImage {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("page-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (file, picture) = (
      folder.appendingPathComponent("page.html"), folder.appendingPathComponent("page.png")
    )
    try Data(page.utf8).write(to: file)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(path))
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1",
      "--force-color-profile=srgb", "--virtual-time-budget=2000", "--user-data-dir=\(folder.path)/profile",
      "--window-size=\(width),\(height)", "--screenshot=\(picture.path)", "file://\(file.path)",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return try RasterFile.read(path: picture.path).rgb
  }
}

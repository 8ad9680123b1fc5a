import CTurboJPEG
import Foundation
import ImageFiles
import Imaging
import TestSupport
import Testing

@Suite("JPEG pictures")
struct JPEGTests {
  /// A smooth picture as JPEG, from pixels of `format` with `channels` samples.
  private func jpeg(_ format: TJPF, channels: Int, _ subsampling: TJSAMP) throws -> (
    file: [UInt8], samples: [UInt8]
  ) {
    let samples = (0..<32 * 24 * channels).map { UInt8(40 + ($0 / channels) % 32 * 5 + $0 % channels * 10) }
    let compressor = try #require(tjInitCompress())
    defer { tjDestroy(compressor) }
    var buffer: UnsafeMutablePointer<UInt8>?
    var size: UInt = 0
    let status = tjCompress2(
      compressor, samples, 32, 0, 24, Int32(format.rawValue), &buffer, &size, Int32(subsampling.rawValue), 98,
      0)
    defer { tjFree(buffer) }
    #expect(status == 0)
    return (Array(UnsafeBufferPointer(start: buffer, count: Int(size))), samples)
  }

  private func read(_ bytes: [UInt8]) throws -> RasterImage {
    try withTemporaryFolder { try RasterFile.read(path: try $0.file("x.png", bytes)) }
  }

  @Test("Grey and colour come back within the loss of the format, whatever the name")
  func pixels() throws {
    let gray = try jpeg(TJPF_GRAY, channels: 1, TJSAMP_GRAY)
    guard case .gray8(let plane) = try read(gray.file).pixels else {
      Issue.record("not grey")
      return
    }
    #expect(zip(plane.pixels, gray.samples).allSatisfy { abs(Int($0) - Int($1)) <= 3 })
    let color = try jpeg(TJPF_RGB, channels: 3, TJSAMP_444)
    guard case .rgb(let image) = try read(color.file).pixels else {
      Issue.record("not colour")
      return
    }
    #expect(zip(image.samples, color.samples).allSatisfy { abs(Int($0) - Int($1)) <= 4 })
  }

  @Test("Row 37: a CMYK picture is refused with a converter")
  func cmyk() throws {
    let error = #expect(throws: ImageFileError.self) {
      try read(try jpeg(TJPF_CMYK, channels: 4, TJSAMP_444).file)
    }
    #expect(error?.code == "jpeg.cmyk" && error?.message.contains("sRGB") == true)
  }

  @Test("A picture cut anywhere is refused")
  func truncated() throws {
    let file = try jpeg(TJPF_RGB, channels: 3, TJSAMP_420).file
    for kept in stride(from: 3, to: file.count - 2, by: 7) {
      let error = #expect(throws: ImageFileError.self) { try read(Array(file.prefix(kept))) }
      #expect(error?.exitCode == 65, "\(kept)")
    }
    let error = #expect(throws: ImageFileError.self) { try read(Array(file.dropLast(40))) }
    #expect(error?.code == "jpeg.truncated")
  }

  @Test("A picture beyond the limit is refused before memory is taken")
  func bomb() throws {
    var file = try jpeg(TJPF_RGB, channels: 3, TJSAMP_444).file
    let start = try #require(file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 })
    file.replaceSubrange(start + 5..<start + 9, with: [0xEA, 0x60, 0xEA, 0x60])
    let error = #expect(throws: ImageFileError.self) { try read(file) }
    #expect(error?.code == "raster.too-large" && error?.message.contains("60,000×60,000") == true)
  }
}

/// What Pillow says about a picture.
private struct PillowGolden: Decodable {
  var size: [Int]
  var means: [Double]
  var samples: [[Int]]

  static let all: [String: PillowGolden] = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Golden/pillow.json")
    guard let data = try? Data(contentsOf: path) else { return [:] }
    return (try? JSONDecoder().decode([String: PillowGolden].self, from: data)) ?? [:]
  }()
}

@Suite("Real smears against Pillow")
struct PillowTests {
  @Test("Pixels equal Pillow's on real PNG and JPEG smears")
  func pixels() throws {
    #expect(PillowGolden.all.count >= 15)
    guard let realData else { return print("skipped: MALPIGHI_REAL_DATA is not set") }
    for (name, golden) in PillowGolden.all {
      let path = realData.appendingPathComponent(name).path
      guard FileManager.default.fileExists(atPath: path) else {
        print("skipped: no \(name)")
        continue
      }
      let image = try RasterFile.read(path: path)
      #expect(
        [image.width, image.height] == golden.size && image.findings == [], "\(name) \(image.findings)")
      let samples =
        golden.means.count == 3
        ? image.rgb.samples.map { Int($0) } : (image.labels?.pixels ?? []).map { Int($0) }
      for sample in golden.samples { #expect(samples[sample[0]] == sample[1], "\(name)") }
      for (channel, mean) in golden.means.enumerated() {
        let values = stride(from: channel, to: samples.count, by: golden.means.count).map { samples[$0] }
        #expect(abs(Double(values.reduce(0, +)) / Double(values.count) - mean) < 1e-6, "\(name)")
      }
    }
  }
}

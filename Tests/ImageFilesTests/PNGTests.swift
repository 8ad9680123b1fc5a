import Foundation
import ImageFiles
import Imaging
import Numerics
import TestSupport
import Testing

@Suite("PNG pictures")
struct PNGTests {
  private func read(_ bytes: [UInt8], limits: ImageFileLimits = .standard) throws -> RasterImage {
    try withTemporaryFolder { try RasterFile.read(path: try $0.file("x.png", bytes), limits: limits) }
  }

  private func failure(_ bytes: [UInt8], limits: ImageFileLimits = .standard) -> ImageFileError? {
    #expect(throws: ImageFileError.self) { try read(bytes, limits: limits) }
  }

  /// Random samples of `bitDepth` bits.
  private func random(_ count: Int, bitDepth: Int, seed: UInt64 = 1) -> [Int] {
    var stream = RandomStream(seed: seed, purpose: "png")
    return (0..<count).map { _ in stream.integer(0...(1 << bitDepth - 1)) }
  }

  @Test("Row 37: grey of 1, 2, 4 and 8 bits is spread over 0…255, also interlaced")
  func gray() throws {
    for bitDepth in [1, 2, 4, 8] {
      for isInterlaced in [false, true] {
        let samples = random(13 * 9, bitDepth: bitDepth)
        let picture = PNGBuilder(
          width: 13, height: 9, bitDepth: bitDepth, colorType: 0, isInterlaced: isInterlaced, samples: samples
        )
        let expected = samples.map { UInt8($0 * 255 / (1 << bitDepth - 1)) }
        #expect(try read(picture.file).pixels == .gray8(Plane(width: 13, height: 9, pixels: expected)))
      }
    }
  }

  @Test("Row 37: 16-bit grey keeps its values, also interlaced and with a gamma chunk")
  func gray16() throws {
    let samples = random(13 * 9, bitDepth: 16)
    let expected = Plane(width: 13, height: 9, pixels: samples.map { UInt16($0) })
    for isInterlaced in [false, true] {
      for gamma in [nil, 45455, 100_000, 220_000] {
        var picture = PNGBuilder(
          width: 13, height: 9, bitDepth: 16, colorType: 0, isInterlaced: isInterlaced, samples: samples)
        if let gamma { picture.extra = [("gAMA", PNGBuilder.be32(gamma))] }
        #expect(try read(picture.file).pixels == .gray16(expected), "gamma \(gamma ?? 0)")
      }
    }
  }

  @Test("Row 37: colour keeps its values whatever gamma, sRGB or chromaticity the file claims")
  func gamma() throws {
    let samples = random(11 * 7 * 3, bitDepth: 8)
    let expected = RGBImage(width: 11, height: 7, samples: samples.map { UInt8($0) })
    let chromaticity = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000].flatMap(PNGBuilder.be32)
    let extras: [[(name: String, data: [UInt8])]] = [
      [], [("gAMA", PNGBuilder.be32(100_000))], [("gAMA", PNGBuilder.be32(55_556))], [("sRGB", [0])],
      [("gAMA", PNGBuilder.be32(45455)), ("cHRM", chromaticity)],
    ]
    for extra in extras {
      for isInterlaced in [false, true] {
        var picture = PNGBuilder(
          width: 11, height: 7, bitDepth: 8, colorType: 2, isInterlaced: isInterlaced, samples: samples)
        picture.extra = extra
        #expect(try read(picture.file).pixels == .rgb(expected))
      }
    }
  }

  @Test("Row 37: 16-bit colour is rounded to 8 bits, without a change of gamma")
  func color16() throws {
    let samples = random(40 * 10 * 3, bitDepth: 16)
    let picture = PNGBuilder(width: 40, height: 10, bitDepth: 16, colorType: 2, samples: samples)
    guard case .rgb(let image) = try read(picture.file).pixels else {
      Issue.record("not colour")
      return
    }
    for (value, sample) in zip(image.samples, samples) {
      // To the nearest: 65535 → 255, 257 → 1.
      #expect(abs(Double(value) - Double(sample) / 257) <= 0.51, "\(sample) \(value)")
    }
  }

  @Test("Row 37: palettes of every depth become their colours, with or without transparency")
  func palette() throws {
    for bitDepth in [1, 2, 4, 8] {
      let colors = random(3 << bitDepth, bitDepth: 8, seed: 5).map { UInt8($0) }
      let samples = random(13 * 5, bitDepth: bitDepth)
      var picture = PNGBuilder(width: 13, height: 5, bitDepth: bitDepth, colorType: 3, samples: samples)
      picture.extra = [("PLTE", colors)]
      let expected = RGBImage(
        width: 13, height: 5, samples: samples.flatMap { Array(colors[3 * $0..<3 * $0 + 3]) })
      #expect(try read(picture.file).pixels == .rgb(expected))
      picture.extra.append(("tRNS", [0, 128]))
      let transparent = try read(picture.file)
      #expect(
        transparent.pixels == .rgb(expected) && transparent.findings.map(\.code) == ["png.alpha-ignored"])
    }
  }

  @Test("Row 37: alpha is dropped, the colours stay, and a finding says so where it was not opaque")
  func alpha() throws {
    for (colorType, channels) in [(6, 3), (4, 1)] {
      for isOpaque in [true, false] {
        let colors = random(12 * 8 * channels, bitDepth: 8)
        let samples = (0..<96).flatMap {
          colors[$0 * channels..<($0 + 1) * channels] + [isOpaque ? 255 : $0 * 2]
        }
        let picture = PNGBuilder(width: 12, height: 8, bitDepth: 8, colorType: colorType, samples: samples)
        let image = try read(picture.file)
        #expect(image.findings.map(\.code) == (isOpaque ? [] : ["png.alpha-ignored"]))
        let bytes = colors.map { UInt8($0) }
        #expect(
          image.pixels
            == (channels == 3
              ? .rgb(RGBImage(width: 12, height: 8, samples: bytes))
              : .gray8(Plane(width: 12, height: 8, pixels: bytes))))
      }
    }
    let deep = (0..<96).flatMap { [$0 * 600, 65535] }
    let opaque = PNGBuilder(width: 12, height: 8, bitDepth: 16, colorType: 4, samples: deep)
    #expect(
      try read(opaque.file).pixels
        == .gray16(Plane(width: 12, height: 8, pixels: (0..<96).map { UInt16($0 * 600) })))
    let clear = PNGBuilder(
      width: 12, height: 8, bitDepth: 16, colorType: 4, samples: deep.map { $0 == 65535 ? 9 : $0 })
    #expect(failure(clear.file)?.code == "png.alpha")
  }

  @Test("Row 36: a bad checksum, a cut anywhere, and empty pictures are refused")
  func damaged() throws {
    let picture = PNGBuilder(
      width: 13, height: 9, bitDepth: 8, colorType: 2, samples: random(13 * 9 * 3, bitDepth: 8))
    let file = picture.file
    for kept in 0..<file.count {
      let error = failure(Array(file.prefix(kept)))
      #expect(error?.exitCode == 65, "\(kept)")
      if kept > 8 { #expect(error?.code == "png.truncated", "\(kept)") }
    }
    var wrong = file
    wrong[60] ^= 1
    #expect(failure(wrong)?.code == "png.damaged")
    for (width, height) in [(0, 9), (9, 0), (0, 0)] {
      let empty = PNGBuilder(width: width, height: height, bitDepth: 8, colorType: 0, samples: [])
      #expect(failure(empty.file)?.code == "raster.empty")
    }
    // Data for fewer rows than the header says.
    let short = PNGBuilder(width: 13, height: 4, bitDepth: 8, colorType: 0, samples: random(52, bitDepth: 8))
      .file
    let header = PNGBuilder(
      width: 13, height: 9, bitDepth: 8, colorType: 0, samples: random(117, bitDepth: 8)
    ).file
    #expect(failure(Array(header.prefix(33)) + Array(short.dropFirst(33)))?.code == "png.damaged")
  }

  @Test("Row 36: a picture beyond the limit is refused before memory is taken")
  func bomb() throws {
    let size = PNGBuilder.be32(65_000)
    let file: [UInt8] =
      [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + PNGBuilder.chunk("IHDR", size + size + [8, 2, 0, 0, 0])
      + PNGBuilder.chunk("IDAT", [1, 2, 3]) + PNGBuilder.chunk("IEND", [])
    let error = failure(file)
    #expect(error?.code == "raster.too-large" && error?.message.contains("65,000×65,000") == true)
    let small = PNGBuilder(width: 13, height: 9, bitDepth: 8, colorType: 0, samples: random(117, bitDepth: 8))
    #expect(failure(small.file, limits: ImageFileLimits(pixels: 116))?.code == "raster.too-large")
    #expect(try read(small.file, limits: ImageFileLimits(pixels: 117)).width == 13)
  }

  @Test("Bytes after the picture are a warning")
  func trailing() throws {
    let small = PNGBuilder(width: 3, height: 1, bitDepth: 8, colorType: 0, samples: [1, 2, 3])
    #expect(try read(small.file + [9, 9]).findings.map(\.code) == ["png.trailing-data"])
  }

  @Test("What is written comes back, 8-bit grey, 16-bit grey and colour", arguments: 1...20)
  func roundTrip(seed: Int) throws {
    let seed = UInt64(seed)
    let (width, height) = (Int(seed) * 7 % 40 + 1, Int(seed) * 11 % 30 + 1)
    try withTemporaryFolder { folder in
      let path = folder.path + "/x.png"
      let gray = Plane(
        width: width, height: height,
        pixels: random(width * height, bitDepth: 8, seed: seed).map { UInt8($0) })
      try PNGWriter().write(gray, to: path)
      #expect(try RasterFile.read(path: path).pixels == .gray8(gray))
      let deep = Plane(
        width: width, height: height,
        pixels: random(width * height, bitDepth: 16, seed: seed).map { UInt16($0) })
      try PNGWriter().write(deep, to: path)
      #expect(try RasterFile.read(path: path).pixels == .gray16(deep))
      #expect(try RasterFile.read(path: path).labels?.pixels == deep.pixels.map { Int32($0) })
      let color = RGBImage(
        width: width, height: height,
        samples: random(width * height * 3, bitDepth: 8, seed: seed).map { UInt8($0) })
      try PNGWriter().write(color, to: path)
      #expect(try RasterFile.read(path: path).pixels == .rgb(color))
      #expect(try PNGWriter().encode(color) == PNGWriter().encode(color))
    }
  }
}

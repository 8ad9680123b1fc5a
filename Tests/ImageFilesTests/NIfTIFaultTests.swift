import Foundation
import ImageFiles
import Imaging
import TestSupport
import Testing

/// The rows of the fault table that concern one NIfTI file, each built in code.
@Suite("Damaged and odd NIfTI files")
struct NIfTIFaultTests {
  /// The error of opening and reading `bytes` as a volume.
  private func failure(
    _ bytes: [UInt8], name: String = "x.nii", limits: ImageFileLimits = .standard
  ) throws -> ImageFileError? {
    try withTemporaryFolder { folder in
      let path = try folder.file(name, bytes)
      do {
        _ = try NIfTIFile(path: path, limits: limits).readVolume()
        return nil
      } catch let error as ImageFileError {
        #expect(error.path == path)
        #expect(!error.description.contains("\n"))
        return error
      }
    }
  }

  private func expect(
    _ bytes: [UInt8], name: String = "x.nii", limits: ImageFileLimits = .standard, code: String,
    _ words: String...,
    exit: Int32 = 65, at location: SourceLocation = #_sourceLocation
  ) throws {
    let error = try failure(bytes, name: name, limits: limits)
    #expect(
      error?.code == code && error?.exitCode == exit, "\(String(describing: error))", sourceLocation: location
    )
    for word in words {
      #expect(error?.message.contains(word) == true, "\(error?.message ?? "")", sourceLocation: location)
    }
  }

  private func image(_ bytes: [UInt8], name: String = "x.nii") throws -> NIfTIImage<Float> {
    try withTemporaryFolder { try NIfTIFile(path: try $0.file(name, bytes)).readVolume() }
  }

  /// A file with distinct voxels.
  static func example(_ shape: [Int] = [3, 4, 5]) -> NIfTIBytes {
    var bytes = NIfTIBytes(shape: shape)
    bytes.setVoxels((0..<shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: $0 * 3) })
    return bytes
  }

  @Test("Row 1: an empty file and one of 100 bytes are too short for a header")
  func short() throws {
    try expect([], code: "nifti.short-header", "0 of 348")
    try expect([UInt8](repeating: 1, count: 100), code: "nifti.short-header", "100 of 348 bytes")
    try expect([], name: "x.nii.gz", code: "nifti.short-header")
    let second = NIfTIBytes(version: 2)
    try expect(Array(second.file.prefix(400)), code: "nifti.short-header", "400 of 540")
    try expect(Gzip.compress([1, 2, 3]), name: "x.nii.gz", code: "nifti.short-header", "3 of 348")
  }

  @Test("Row 2: text, a web page and a Git LFS pointer are named for what they are")
  func text() throws {
    try expect(
      Array("version https://git-lfs.github.com/spec/v1\noid sha256:0\n".utf8), name: "x.nii.gz",
      code: "format.git-lfs", "git lfs pull")
    try expect(
      Array("<!DOCTYPE html><html><body>404".utf8), name: "x.nii.gz", code: "format.html", "Download")
    try expect(Array("hello\n".utf8), code: "format.text", "\"hello\"")
    try expect(Gzip.compress(Array("just some text".utf8)), name: "x.nii.gz", code: "format.text")
    let noise = (0..<600).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ 128) }
    try expect(noise, name: "x.nii.gz", code: "gzip.not-gzip", "begins with 80 45", "git lfs pull")
  }

  @Test("Row 3: the content decides whether a file is gzip, the name earns a warning")
  func names() throws {
    let file = Self.example().file
    for (bytes, name) in [(Gzip.compress(file), "x.nii"), (file, "x.nii.gz")] {
      let image = try image(bytes, name: name)
      #expect(image.volume.voxels[59] == 177 && image.findings.map(\.code) == ["gzip.name"])
    }
  }

  @Test("Row 4: a truncated file is refused with the bytes expected and found")
  func truncated() throws {
    let file = Self.example().file
    for missing in [1, 30, 60] {
      try expect(
        Array(file.dropLast(missing)), code: "nifti.truncated", "60 voxel bytes", "after \(60 - missing)")
    }
  }

  @Test("Row 5: a gzip stream cut anywhere, also in its trailer, ends early")
  func truncatedGzip() throws {
    let stream = Gzip.compress(Self.example().file)
    for kept in 0..<stream.count {
      let error = try failure(Array(stream.prefix(kept)), name: "x.nii.gz")
      #expect(error?.exitCode == 65, "\(kept) of \(stream.count)")
      if kept > 18 {
        #expect(error?.message.contains("ends early") == true, "\(kept): \(error?.message ?? "read")")
      }
    }
  }

  @Test("Row 6: every single flipped bit of a compressed file is noticed or harmless")
  func flippedBits() throws {
    let file = Self.example()
    let stream = Gzip.compress(file.file)
    var codes: Set<String> = []
    try withTemporaryFolder { folder in
      for bit in 0..<stream.count * 8 {
        var damaged = stream
        damaged[bit / 8] ^= 1 << (bit % 8)
        let path = try folder.file("x.nii.gz", damaged)
        do {
          // Time and system in the gzip header and the unused bits of the last byte do not matter.
          let image = try NIfTIFile(path: path).readVolume()
          #expect(image.volume.voxels == file.body.map { Float($0) }, "bit \(bit)")
        } catch let error as ImageFileError {
          #expect(error.exitCode == 65)
          codes.insert(error.code)
        }
      }
    }
    #expect(codes.isSuperset(of: ["gzip.checksum", "gzip.damaged"]), "\(codes)")
    let trailer = stream.count - 8
    var wrong = stream
    wrong[trailer] ^= 0xFF
    try expect(wrong, name: "x.nii.gz", code: "gzip.checksum", "checksum mismatch, the file is damaged")
  }

  @Test("Row 7: garbage after the stream is a warning, zero padding is nothing")
  func trailing() throws {
    let stream = Gzip.compress(Self.example().file)
    #expect(
      try image(stream + [1, 2, 3], name: "x.nii.gz").findings.map(\.code) == ["gzip.trailing-garbage"])
    #expect(try image(stream + [0, 0, 0], name: "x.nii.gz").findings == [])
  }

  @Test("Row 8: streams of many members read as one, wherever they are cut")
  func members() throws {
    let file = Self.example().file
    for size in [1, 7, 100, 348, 352, 400] {
      let pieces = stride(from: 0, to: file.count, by: size).map {
        Array(file[$0..<min($0 + size, file.count)])
      }
      let stream = pieces.flatMap { Gzip.compress($0) } + Gzip.compress([])
      let image = try image(stream, name: "x.nii.gz")
      #expect(image.findings == [] && image.volume.voxels[59] == 177, "members of \(size)")
    }
  }

  @Test("Row 9: data beyond the header's promise are refused, a block of padding is a warning")
  func bomb() throws {
    let file = Self.example().file
    let zeros = [UInt8](repeating: 0, count: 50_000_000)
    try expect(Gzip.compress(file + zeros), name: "x.nii.gz", code: "nifti.too-much-data")
    try expect(file + zeros.prefix(5000), code: "nifti.too-much-data")
    let padded = try image(Gzip.compress(file + zeros.prefix(500)), name: "x.nii.gz")
    #expect(padded.findings.map(\.code) == ["nifti.trailing-data"] && padded.volume.voxels[59] == 177)
    #expect(try image(file + zeros.prefix(500)).findings.map(\.code) == ["nifti.trailing-data"])
  }

  @Test("Row 10: a header that claims 256 TiB in a small file is refused before memory is taken")
  func claims() throws {
    var bytes = NIfTIBytes(datatype: 64, bytes: 8)
    bytes.setDimensions([32767, 32767, 32767])
    bytes.body = [UInt8](repeating: 0, count: 48)
    try expect(bytes.file, code: "nifti.truncated", "claims 256 TiB", "48 bytes")
    try expect(Gzip.compress(bytes.file), name: "x.nii.gz", code: "nifti.truncated", "claims 256 TiB")
    let limits = ImageFileLimits(voxelBytes: 200)
    try expect(Self.example().file, limits: limits, code: "nifti.too-large", "240 bytes", "200 bytes")
  }

  @Test("Row 11: extents whose product wraps around are an overflow")
  func overflow() throws {
    var bytes = NIfTIBytes(version: 2)
    bytes.setDimensions([(1 << 62) + 4, 4, 4])
    try expect(bytes.file, code: "nifti.dimension-overflow", "dimension overflow")
    bytes.setDimensions([.max, 1, 1])
    bytes.set(.datatype, 64)
    try expect(bytes.file, code: "nifti.dimension-overflow")
  }

  @Test("Row 12: the number of axes must be 1…7", arguments: [0, 8, 200, 5000, -3])
  func axisCount(count: Int) throws {
    for version in [1, 2] {
      var bytes = NIfTIBytes(version: version)
      bytes.setDimension(0, count)
      try expect(bytes.file, code: "nifti.dimensions", "dim[0]", "\(count)", "1…7")
    }
  }

  @Test("Row 13: an extent of 0 or below is refused, not taken as 1")
  func extents() throws {
    for (axis, extent) in [(1, 0), (2, 0), (2, -4), (3, -1)] {
      var bytes = NIfTIBytes()
      bytes.setDimension(axis, extent)
      try expect(bytes.file, code: "nifti.dimensions", "dim[\(axis)] is \(extent)")
    }
  }

  @Test("Row 14: unsupported datatypes are named, unknown ones numbered")
  func datatypes() throws {
    for (code, name) in [
      (128, "RGB24"), (32, "complex64"), (1536, "float128"), (2304, "RGBA32"), (1, "binary"),
    ] {
      var bytes = NIfTIBytes()
      bytes.set(.datatype, code)
      try expect(bytes.file, code: "nifti.datatype", name, "float32")
    }
    for code in [0, 999] {
      var bytes = NIfTIBytes()
      bytes.set(.datatype, code)
      try expect(bytes.file, code: "nifti.datatype", "\(code) is unknown")
    }
    var odd = Self.example()
    odd.set(.bitpix, 16)
    #expect(try image(odd.file).findings.map(\.code) == ["nifti.bitpix"])
  }

  @Test("Row 15: ANALYZE and a wrong magic are refused with a converter")
  func magic() throws {
    var bytes = NIfTIBytes()
    bytes.setMagic("\0\0\0\0")
    try expect(bytes.file, code: "format.analyze", "ANALYZE", "orientation", "mrconvert")
    bytes.setMagic("n+9\0")
    try expect(bytes.file, code: "nifti.magic", "n+9")
    var second = NIfTIBytes(version: 2)
    second.setMagic("n+2\0\n\n\u{1A}\n")
    try expect(second.file, code: "nifti.magic", "binary mode")
  }

  @Test("Row 16: a pair reads from either name; a missing or short partner is named")
  func pair() throws {
    var bytes = Self.example()
    bytes.setMagic("ni1\0")
    bytes.setOffset(0)
    let header = bytes.header + [0, 0, 0, 0]
    try withTemporaryFolder { folder in
      let path = try folder.file("a.hdr", header)
      let missing = #expect(throws: ImageFileError.self) { try NIfTIFile(path: path) }
      #expect(missing?.exitCode == 66 && missing?.message.contains("a.img") == true)
      _ = try folder.file("a.img", Array(bytes.body.dropLast(10)))
      let short = #expect(throws: ImageFileError.self) { try NIfTIFile(path: path) }
      #expect(
        short?.exitCode == 65 && short?.path.hasSuffix("a.img") == true && short?.code == "nifti.truncated")
      _ = try folder.file("a.img", bytes.body)
      for name in ["a.hdr", "a.img"] {
        let image = try NIfTIFile(path: folder.appendingPathComponent(name).path).readVolume()
        #expect(image.volume.voxels[59] == 177 && image.header.isPair && image.findings == [])
      }
      _ = try folder.file("b.hdr.gz", Gzip.compress(header))
      _ = try folder.file("b.img.gz", Gzip.compress(bytes.body))
      #expect(try NIfTIFile(path: folder.path + "/b.img.gz").readVolume().volume.voxels[59] == 177)
      let alone = #expect(throws: ImageFileError.self) { try NIfTIFile(path: folder.path + "/c.img") }
      #expect(alone?.exitCode == 66)
      let renamed = #expect(throws: ImageFileError.self) {
        try NIfTIFile(path: try folder.file("d.nii", header))
      }
      #expect(renamed?.code == "nifti.magic")
    }
  }

  @Test("Row 17: a voxel offset that is negative, fractional, NaN or behind the end is refused")
  func offsets() throws {
    for offset in [-100, 351.5, .nan, .infinity, 0, 351] {
      var bytes = Self.example()
      bytes.setOffset(offset)
      try expect(bytes.file, code: "nifti.vox-offset")
      try expect(Gzip.compress(bytes.file), name: "x.nii.gz", code: "nifti.vox-offset")
    }
    var bytes = Self.example()
    bytes.setOffset(1e9)
    try expect(bytes.file, code: "nifti.truncated", "1000000000")
    try expect(Gzip.compress(bytes.file), name: "x.nii.gz", code: "nifti.truncated")
    var second = NIfTIBytes(version: 2)
    second.setOffset(-16)
    try expect(second.file, code: "nifti.vox-offset")
  }

  @Test("Row 18: a big-endian file has the numbers of its little-endian twin")
  func endianness() throws {
    for version in [1, 2] {
      let twins = [false, true].map { isBigEndian in
        var bytes = NIfTIBytes(
          shape: [3, 2, 2], datatype: 4, bytes: 2, version: version, isBigEndian: isBigEndian)
        bytes.setVoxels((0..<12).map { Int16($0 * 1000 - 5000) })
        bytes.setSForm([[-2, 0, 0, 7], [0, 3, 0.5, -8], [0, 0, 4, 9]])
        bytes.set(.slope, 0, 0.5)
        bytes.set(.intercept, 0, 10)
        return bytes.file
      }
      let images = try twins.map { try image($0) }
      #expect(images[0].volume == images[1].volume)
      #expect(images[0].volume.voxels[0] == -2490 && images[1].header.isBigEndian)
    }
  }

  @Test("Row 19: voxel sizes of 0 and below are mended as stated, NaN is refused")
  func spacing() throws {
    for (size, used) in [(0.0, 1.0), (-2, 2)] {
      var bytes = Self.example()
      bytes.set(.sformCode, 0)
      bytes.set(.qformCode, 1)
      bytes.set(.pixdim, 2, size)
      let image = try image(bytes.file)
      #expect(image.volume.grid.spacing == [1, used, 1])
      #expect(
        image.findings.map(\.code) == ["nifti.pixdim"] && image.findings[0].message.contains("pixdim[2]"))
    }
    var bytes = Self.example()
    bytes.set(.pixdim, 3, .nan)
    try expect(bytes.file, code: "nifti.pixdim", "nan")
  }

  @Test(
    "Row 20: a singular or NaN sform is refused; without any orientation nibabel's guess is taken and said")
  func orientation() throws {
    var bytes = Self.example()
    bytes.setSForm([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]])
    try expect(bytes.file, code: "nifti.affine", "singular")
    bytes.setSForm([[1, 0, 0, 0], [0, .nan, 0, 0], [0, 0, 1, 0]])
    try expect(bytes.file, code: "nifti.affine", "NaN")
    var huge = NIfTIBytes(version: 2)
    huge.setSForm([[1e200, 0, 0, 0], [0, 1e200, 0, 0], [0, 0, 1, 0]])
    try expect(huge.file, code: "nifti.affine", "plausible")
    var none = Self.example()
    none.set(.sformCode, 0)
    let image = try image(none.file)
    #expect(
      image.findings.map(\.code) == ["nifti.no-orientation"] && image.findings[0].message.contains("L, A, S"))
    #expect(image.volume.grid.affine == Affine(rows: [-1, 0, 0, 1], [0, 1, 0, -1.5], [0, 0, 1, -2]))
    none.set(.sformCode, 9)
    let codes = try self.image(none.file).findings.map(\.code)
    #expect(codes == ["nifti.xform-code", "nifti.no-orientation"])
  }

  @Test("Row 21: sform and qform that disagree, and a sheared sform, are findings; the sform holds")
  func disagreement() throws {
    var bytes = Self.example()
    bytes.set(.qformCode, 1)
    bytes.set(.qoffsetX, 0, 3)
    let shifted = try image(bytes.file)
    #expect(
      shifted.findings.map(\.code) == ["nifti.sform-qform"] && shifted.findings[0].message.contains("3.0 mm"))
    #expect(shifted.volume.grid.affine == .identity)
    // A distance too large for an integer, as a test with random damage found.
    bytes.set(.qoffsetX, 0, 1e30)
    #expect(try image(bytes.file).findings.map(\.code) == ["nifti.sform-qform"])
    var sheared = Self.example()
    sheared.setSForm([[1, 0.2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
    #expect(try image(sheared.file).findings.map(\.code) == ["nifti.sheared"])
    var odd = Self.example()
    odd.set(.sformCode, 0)
    odd.set(.qformCode, 1)
    odd.set(.pixdim, 0, 0.5)
    #expect(try image(odd.file).findings.map(\.code) == ["nifti.qfac"])
    odd.set(.pixdim, 0, 1)
    odd.set(.quaternionB, 0, 1.5)
    #expect(try image(odd.file).findings.map(\.code) == ["nifti.quaternion"])
  }

  @Test("Row 22: slope 0 and NaN mean unscaled, infinite is refused, an overflow is counted and refused")
  func slope() throws {
    for slope in [0, Double.nan] {
      var bytes = Self.example()
      bytes.set(.slope, 0, slope)
      bytes.set(.intercept, 0, 100)
      #expect(try image(bytes.file).volume.voxels[59] == 177)
    }
    var bytes = Self.example()
    bytes.set(.slope, 0, .infinity)
    try expect(bytes.file, code: "nifti.scaling", "infinite")
    bytes.set(.slope, 0, 2)
    bytes.set(.intercept, 0, .nan)
    try expect(bytes.file, code: "nifti.scaling", "scl_inter")
    var shorts = NIfTIBytes(datatype: 4, bytes: 2)
    shorts.setVoxels((0..<60).map { Int16($0 == 7 ? 30000 : 1) })
    shorts.set(.slope, 0, 1e30)
    #expect(try image(shorts.file).volume.voxels[7] == 30000 * 1e30)
    shorts.set(.slope, 0, 1e35)
    try expect(shorts.file, code: "nifti.overflow", "1 voxels")
    var doubles = NIfTIBytes(datatype: 64, bytes: 8)
    doubles.setVoxels((0..<60).map { $0 < 2 ? 1e300 : 1.0 })
    try expect(doubles.file, code: "nifti.overflow", "2 voxels")
  }

  @Test("Row 23: up to 1 % of NaN or infinite voxels become 0 and are counted, more are refused")
  func nonfinite() throws {
    for datatype in [16, 64] {
      func file(_ bad: Int) -> [UInt8] {
        var bytes = NIfTIBytes(shape: [10, 10, 10], datatype: datatype, bytes: datatype == 16 ? 4 : 8)
        let values = (0..<1000).map { $0 < bad ? [Double.nan, .infinity, -.infinity][$0 % 3] : 2.5 }
        if datatype == 16 { bytes.setVoxels(values.map { Float($0) }) } else { bytes.setVoxels(values) }
        return bytes.file
      }
      let image = try image(file(10))
      #expect(
        image.findings.map(\.code) == ["nifti.nonfinite"] && image.findings[0].message.contains("10 of 1,000")
      )
      #expect(image.volume.voxels.filter { $0 == 0 }.count == 10 && image.volume.voxels[500] == 2.5)
      for bad in [11, 50, 1000] {
        try expect(file(bad), code: "nifti.nonfinite", "1,000 voxels", "tolerated")
      }
      let generous = ImageFileLimits(nonfiniteShare: 1)
      #expect(try failure(file(1000), limits: generous) == nil)
    }
  }

  @Test("Row 24: a constant volume reads, and the inspection says so")
  func constant() throws {
    try withTemporaryFolder { folder in
      let inspection = ImageInspection(path: try folder.file("x.nii", NIfTIBytes().file))
      #expect(inspection.findings?.map(\.code) == ["nifti.constant"])
      #expect(inspection.minimum == 0 && inspection.maximum == 0 && inspection.mean == 0)
    }
  }

  @Test("Row 25: one time point, two axes, one voxel are fine; several volumes want an index")
  func axes() throws {
    for shape in [
      [3, 4, 5, 1], [3, 4, 5, 1, 1, 1, 1], [60], [12, 5], [1, 1, 1], [1, 60, 1], [60, 1, 1, 1],
    ] {
      let image = try image(Self.example(shape).file)
      #expect(image.volume.shape.extents == (0..<3).map { $0 < shape.count ? shape[$0] : 1 }, "\(shape)")
    }
    try withTemporaryFolder { folder in
      for (name, isCompressed) in [("x.nii", false), ("x.nii.gz", true)] {
        for shape in [[2, 3, 1, 4], [2, 3, 1, 2, 2]] {
          let bytes = Self.example(shape)
          let path = try folder.file(name, isCompressed ? Gzip.compress(bytes.file) : bytes.file)
          let file = try NIfTIFile(path: path)
          let error = #expect(throws: ImageFileError.self) { try file.readVolume() }
          #expect(error?.code == "nifti.several-volumes" && error?.message.contains("4 volumes") == true)
          #expect(try file.readVolume(at: 2).volume.voxels == (12..<18).map { Float($0 * 3) })
          #expect(try file.readLabels(at: 3).volume.voxels == (18..<24).map { Int32($0 * 3) })
          for index in [-1, 4] {
            let error = #expect(throws: ImageFileError.self) { try file.readVolume(at: index) }
            #expect(error?.code == "nifti.no-such-volume")
          }
          #expect(ImageInspection(path: path).maximum == 69)
        }
      }
    }
  }

  @Test("Row 27: damaged header extensions are ignored with a warning, good ones are passed over")
  func extensions() throws {
    func file(size: Int32, isCompressed: Bool) -> [UInt8] {
      var bytes = Self.example()
      bytes.flags = [1, 0, 0, 0]
      bytes.setOffset(384)
      let block = withUnsafeBytes(of: size.littleEndian) { Array($0) } + [UInt8](repeating: 0, count: 28)
      let all = bytes.header + bytes.flags + block + bytes.body
      return isCompressed ? Gzip.compress(all) : all
    }
    for isCompressed in [false, true] {
      let name = isCompressed ? "x.nii.gz" : "x.nii"
      for size in [7, -16, Int32.max, 24, 48] {
        let image = try image(file(size: size, isCompressed: isCompressed), name: name)
        #expect(image.findings.map(\.code) == ["nifti.extension"], "\(size)")
        #expect(image.volume.voxels[59] == 177)
      }
      for size in [16, 32] as [Int32] {
        #expect(try image(file(size: size, isCompressed: isCompressed), name: name).findings == [])
      }
    }
  }

  @Test("Units other than millimetres are said, and the numbers taken as they are")
  func units() throws {
    for (code, word) in [(1, "metre"), (3, "micrometre"), (5, "unknown")] {
      var bytes = Self.example()
      bytes.set(.units, code)
      let findings = try image(bytes.file).findings
      #expect(findings.map(\.code) == ["nifti.units"] && findings[0].message.contains(word))
    }
  }
}

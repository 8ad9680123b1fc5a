import Foundation
import ImageFiles
import Imaging
import TestSupport
import Testing

/// The rows of the fault table that concern one NIfTI file, each built in code.
/// What a header can say wrong.
extension NIfTIFaultTests {
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
}

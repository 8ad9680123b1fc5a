import Foundation
import ImageFiles
import Imaging
import TestSupport
import Testing

/// The rows of the fault table that concern one NIfTI file, each built in code.
@Suite("Damaged and odd NIfTI files")
struct NIfTIFaultTests {
  /// The error of opening and reading `bytes` as a volume.
  func failure(
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

  func expect(
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

  func image(_ bytes: [UInt8], name: String = "x.nii") throws -> NIfTIImage<Float> {
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
}

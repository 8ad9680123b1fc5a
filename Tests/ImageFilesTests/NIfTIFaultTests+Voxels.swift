import Foundation
import ImageFiles
import Imaging
import TestSupport
import Testing

/// The rows of the fault table that concern one NIfTI file, each built in code.
/// What values, axes and extensions can be.
extension NIfTIFaultTests {
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
